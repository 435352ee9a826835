import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

interface Manifest {
  name: string;
  version: string;
  files: string[];
  exports: Record<string, string | Record<string, string>>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

interface Import {
  packageName: string;
  file: string;
  /** Needed to load the file, as opposed to `import type` and `import()`. */
  eager: boolean;
}

const libsFolder = fileURLToPath(new URL('../../libs', import.meta.url));
const libs = readdirSync(libsFolder).map((folder) => ({
  folder: join(libsFolder, folder),
  manifest: JSON.parse(readFileSync(join(libsFolder, folder, 'package.json'), 'utf8')) as Manifest,
}));

/** Every import that a package's sources make of another package, tests left out. */
function importsOf(folder: string): Import[] {
  const files = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .flatMap((file) => importsOfFile(join(folder, 'src', file)))
    .filter(({ packageName }) => !packageName.startsWith('.') && !isBuiltin(packageName));
}

function importsOfFile(file: string): Import[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, eager: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteral(specifier)) return;
    const [first = '', second = ''] = specifier.text.split('/');
    found.push({ packageName: first.startsWith('@') ? `${first}/${second}` : first, file, eager });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword);
    }
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, !node.isTypeOnly);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, false);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isBuiltin(packageName: string): boolean {
  return packageName.startsWith('node:') || builtinModules.includes(packageName);
}

describe.each(libs)('the manifest of $manifest.name', ({ folder, manifest }) => {
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
  const imports = importsOf(folder);

  it('declares every package that the sources import', () => {
    const undeclared = imports.filter(({ packageName }) => !(packageName in declared));

    expect(undeclared).toEqual([]);
  });

  it('lets a user leave out every optional peer: no source needs one to load', () => {
    const isOptional = (name: string): boolean => manifest.peerDependenciesMeta?.[name]?.optional === true;
    const needed = imports.filter(({ packageName, eager }) => eager && isOptional(packageName));

    expect(needed).toEqual([]);
  });

  it('asks for its siblings in the version that is released with it', () => {
    const versions = Object.entries(declared).filter(([name]) => name.startsWith('@nest-strata/'));

    expect(versions).toEqual(versions.map(([name]) => [name, manifest.version]));
  });

  it('exports sources to the workspace, types and one build to everyone, CommonJS included', () => {
    for (const [subpath, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string') continue;
      expect({ subpath, conditions: Object.keys(target) }).toEqual({
        subpath,
        conditions: ['@nest-strata/source', 'types', 'default'],
      });
    }
    expect(manifest.exports).toHaveProperty(['./package.json'], './package.json');
  });
});

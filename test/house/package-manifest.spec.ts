import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
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
  specifier: string;
  file: string;
  /** Needed to load the file, as opposed to `import type` and `import()`. */
  eager: boolean;
}

const libsFolder = fileURLToPath(new URL('../../libs', import.meta.url));
const libs = readdirSync(libsFolder).map((folder) => ({
  folder: join(libsFolder, folder),
  manifest: JSON.parse(readFileSync(join(libsFolder, folder, 'package.json'), 'utf8')) as Manifest,
}));

/** Every import in the sources of a package, tests left out. */
function importsInSources(folder: string): Import[] {
  const files = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .flatMap((file) => importsOf(join(folder, 'src', file)));
}

/** Every import that has to succeed before `file` is loaded, its own and those of the files it imports. */
function importsToLoad(file: string, seen = new Set<string>()): Import[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const eager = importsOf(file).filter((found) => found.eager);
  const local = eager.filter(({ specifier }) => specifier.startsWith('.'));
  const others = local.map(({ specifier }) => join(dirname(file), specifier.replace(/[.]js$/, '.ts')));
  return [...eager, ...others.flatMap((other) => importsToLoad(other, seen))];
}

function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, eager: boolean): void => {
    if (specifier !== undefined && ts.isStringLiteral(specifier))
      found.push({ specifier: specifier.text, file, eager });
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

/** The package that a specifier names; `undefined` for a relative path and for what Node brings. */
function packageOf({ specifier }: Import): string | undefined {
  if (specifier.startsWith('.') || isBuiltin(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

describe.each(libs)('the manifest of $manifest.name', ({ folder, manifest }) => {
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies };

  it('declares every package that the sources import', () => {
    const undeclared = importsInSources(folder).filter((found) => {
      const name = packageOf(found);
      return name !== undefined && !(name in declared);
    });

    expect(undeclared).toEqual([]);
  });

  it('lets a user leave out every optional peer: the main entry loads without them', () => {
    const optional = Object.entries(manifest.peerDependenciesMeta ?? {}).flatMap(([name, meta]) =>
      meta.optional ? name : [],
    );
    const needed = importsToLoad(join(folder, 'src/index.ts')).filter((found) =>
      optional.includes(packageOf(found) ?? ''),
    );

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

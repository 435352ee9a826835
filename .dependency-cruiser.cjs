/**
 * The arrows of the house: which room may import which. `npm run rooms` checks them.
 *
 * A lib is entered by its package name only, through what its manifest exports. Tests, examples and `test/` stand
 * outside the arrows: they may use any lib, but still only by name.
 */
const OUTSIDE_THE_ARROWS = ['[.](spec|int-spec|e2e-spec)[.]ts$', '^libs/[^/]+/(test|examples)/', '^apps/[^/]+/test/'];

/** How a package.json may declare what a source needs; a devDependency may be there besides. */
const DECLARED = ['npm', 'npm-peer', 'npm-optional'];

const MAY_IMPORT = {
  core: [],
  redis: ['core'],
  engine: ['core', 'redis'],
  coordination: ['core', 'redis'],
  'rate-limit': ['core', 'redis', 'coordination'],
  testing: ['core', 'redis', 'engine'],
  cache: ['core', 'redis', 'engine', 'coordination', 'rate-limit'],
};

const arrows = Object.entries(MAY_IMPORT).map(([lib, allowed]) => ({
  name: `${lib}-imports-only-${allowed.join('-') || 'itself'}`,
  comment: `libs/${lib} stands on ${allowed.join(', ') || 'nothing'}. Move the code down, or inject what it needs.`,
  severity: 'error',
  from: { path: `^libs/${lib}/`, pathNot: OUTSIDE_THE_ARROWS },
  to: { path: '^(libs|apps|test|bench)/', pathNot: `^libs/(${[lib, ...allowed].join('|')})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...arrows,
    {
      name: 'every-lib-has-its-arrows',
      comment: 'A new lib needs a line in MAY_IMPORT of .dependency-cruiser.cjs.',
      severity: 'error',
      from: { path: '^libs/', pathNot: `^libs/(${Object.keys(MAY_IMPORT).join('|')})/` },
      to: {},
    },
    {
      name: 'enter-a-lib-by-its-name',
      comment:
        'Import @nest-strata/<lib>: a path breaks once the lib is published; what it does not export is private.',
      severity: 'error',
      from: { path: '^libs/([^/]+)/' },
      to: { path: '^libs/', pathNot: '^libs/$1/', dependencyTypes: ['local'], dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'enter-a-lib-by-its-name-from-outside',
      comment: 'Import @nest-strata/<lib>; what the lib does not export is private, but for what its tests stand on.',
      severity: 'error',
      from: { pathNot: '^libs/' },
      to: {
        path: '^libs/',
        pathNot: '^libs/[^/]+/test/',
        dependencyTypes: ['local'],
        dependencyTypesNot: ['aliased'],
      },
    },
    {
      name: 'no-own-index',
      comment: 'A source that imports its own index makes a cycle: import the file that has the thing.',
      severity: 'error',
      from: { path: '^libs/([^/]+)/src/' },
      to: { path: '^libs/$1/src/index[.]ts$' },
    },
    {
      name: 'no-cycles',
      comment: 'With decorator metadata an ESM cycle throws "Cannot access X before initialization".',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'only-redis-knows-ioredis',
      comment: 'The rest speaks RedisPort, so that any client fits and a memory-only app installs none.',
      severity: 'error',
      from: { path: '^(libs|apps)/', pathNot: ['^libs/redis/', ...OUTSIDE_THE_ARROWS] },
      to: { path: 'node_modules/ioredis(-5)?/' },
    },
    {
      name: 'no-nest-below-the-binding',
      comment: 'The logic is plain classes; the Nest binding is a thin layer in src/nest/ or in libs/cache.',
      severity: 'error',
      from: {
        path: ['^libs/(core|redis|engine)/', '^libs/(coordination|rate-limit)/src/(?!nest/)'],
        pathNot: OUTSIDE_THE_ARROWS,
      },
      to: { path: 'node_modules/(@nestjs/|rxjs/|reflect-metadata/)' },
    },
    {
      name: 'no-tests-in-sources',
      comment: 'What ships must not need what is left at home.',
      severity: 'error',
      from: { path: '^(libs|apps)/[^/]+/src/', pathNot: OUTSIDE_THE_ARROWS },
      to: { path: [...OUTSIDE_THE_ARROWS, '^test/', '^tools/'] },
    },
    {
      name: 'no-undeclared-imports',
      comment: 'The package.json beside the source must declare it, as a dependency or as a peer.',
      severity: 'error',
      from: { path: '^(libs|apps)/[^/]+/src/', pathNot: OUTSIDE_THE_ARROWS },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], dependencyTypesNot: DECLARED },
    },
    {
      name: 'no-dev-dependencies-in-sources',
      comment: 'A user does not get devDependencies: declare it as a dependency or as an (optional) peer.',
      severity: 'error',
      from: { path: '^(libs|apps)/[^/]+/src/', pathNot: OUTSIDE_THE_ARROWS },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: DECLARED },
    },
    {
      name: 'no-unresolvable',
      comment: 'Nothing was found under this name.',
      severity: 'error',
      from: {},
      // Only @types/supertest has it, where the compiler looks and this tool does not.
      to: { couldNotResolve: true, pathNot: '^supertest/types[.]js$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^(libs|apps)/[^/]+/dist/', '^test/compat/apps/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@nest-strata/source', 'types', 'import', 'default'],
      extensions: ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};

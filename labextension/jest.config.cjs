// Models and pure functions only: none of them imports ui-components, which takes Jest 40 s.
const modules = [
  '@jupyterlab',
  '@jupyter',
  '@lumino',
  '@observablehq',
  'd3',
  'd3-',
  'eventsource-parser',
  'internmap',
  'isoformat',
  'binary-search-bounds',
  'interval-tree-1d',
  'delaunator',
  'robust-predicates',
  'lib0',
  'y-protocols',
  'yjs'
].join('|');

module.exports = {
  testEnvironment: '<rootDir>/src/testing/environment.cjs',
  testMatch: ['<rootDir>/src/**/*.test.{ts,tsx}'],
  // What they wait for comes within milliseconds; a busy machine may take long over these.
  testTimeout: 60_000,
  transform: {
    '\\.(ts|tsx|js|mjs)$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          target: 'es2022'
        },
        module: { type: 'commonjs' }
      }
    ]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${modules}))`],
  moduleNameMapper: { '\\.(css|svg)$': '<rootDir>/src/testing/asset.ts' },
  cacheDirectory: process.env.JUPYTER_KF_JEST_CACHE || undefined
};

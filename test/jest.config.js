/** The tests run as built: `tsc` has compiled them, so jest transforms nothing. */
export default {
  rootDir: 'dist',
  testEnvironment: 'node',
  transform: {},
  testMatch: ['**/*.test.js'],
  testTimeout: 30_000,
  testSequencer: '<rootDir>/../sequencer.js',
};

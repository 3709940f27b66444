/**
 * Suites that take a minute or more come first: with one of them begun last, the other worker would wait for it. Beside the
 * pages, which keep a core busy, those that mostly wait.
 */
const FIRST = ['browser/pages', 'integration/alerts', 'integration/accounts', 'integration/top'];
/** Sound has to keep time, and two cores are soon busy. */
const LAST = ['long/sound'];

/** The order in which jest begins suites: always the same, for it remembers no times from run to run. */
export default class Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => placeOf(a.path) - placeOf(b.path) || (a.path < b.path ? -1 : 1));
  }

  shard(tests) {
    return tests;
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}

function placeOf(path) {
  const is = (name) => path.endsWith(`/${name}.test.js`);
  const first = FIRST.findIndex(is);
  if (first >= 0) return first - FIRST.length;
  return LAST.findIndex(is) + 1;
}

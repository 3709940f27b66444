import { listenAndDashboard } from '../browser/listen-and-dashboard.suite.js';
import { listenPage } from '../browser/listen-page.suite.js';
import { sdk } from '../browser/sdk.suite.js';
import { describeInBrowser } from '../browser/world.js';

/** Sound has to keep time: `sequencer.js` lets these run when the other suites are done. */
describeInBrowser('pages that play', listenAndDashboard, listenPage, sdk);

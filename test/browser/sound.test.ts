import { listenAndDashboard } from './listen-and-dashboard.suite.js';
import { listenPage } from './listen-page.suite.js';
import { sdk } from './sdk.suite.js';
import { describeInBrowser } from './world.js';

/** Sound has to keep time: `sequencer.js` lets these run when the other suites are done. */
describeInBrowser('pages that play', listenAndDashboard, listenPage, sdk);

import { listenAndDashboard } from './listen-and-dashboard.suite.js';
import { specClient } from './spec-client.suite.js';
import { describeInBrowser } from './world.js';

describeInBrowser('pages in a browser', (world) => {
  listenAndDashboard(world);
  specClient(world);
});

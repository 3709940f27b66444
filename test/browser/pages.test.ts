import { alertsOnDashboard } from './alerts.suite.js';
import { askingPages } from './auth.suite.js';
import { otherSites } from './cross-site.suite.js';
import { crowdedDashboard } from './crowd.suite.js';
import { dashboardPage } from './dashboard.suite.js';
import { docsAndPrefix } from './docs.suite.js';
import { engineRoomOnDashboard } from './engine-room.suite.js';
import { specClient } from './spec-client.suite.js';
import { describeInBrowser } from './world.js';

describeInBrowser(
  'pages in a browser',
  dashboardPage,
  crowdedDashboard,
  alertsOnDashboard,
  engineRoomOnDashboard,
  specClient,
  docsAndPrefix,
  askingPages,
  otherSites,
);

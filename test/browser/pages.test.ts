import { alertsOnDashboard } from './alerts.suite.js';
import { askingPages } from './auth.suite.js';
import { crowdedDashboard } from './crowd.suite.js';
import { dashboardPage } from './dashboard.suite.js';
import { docsAndPrefix } from './docs.suite.js';
import { engineRoomOnDashboard } from './engine-room.suite.js';
import { listenAndDashboard } from './listen-and-dashboard.suite.js';
import { listenPage } from './listen-page.suite.js';
import { sdk } from './sdk.suite.js';
import { specClient } from './spec-client.suite.js';
import { describeInBrowser } from './world.js';

describeInBrowser(
  'pages in a browser',
  listenAndDashboard,
  listenPage,
  dashboardPage,
  crowdedDashboard,
  alertsOnDashboard,
  engineRoomOnDashboard,
  specClient,
  sdk,
  docsAndPrefix,
  askingPages,
);

import { api } from './api.js';
import { database } from './database.js';
import { DEFAULT } from './default.js';
import { aodh, masakari, nova, placement } from './endpoints.js';
import { engine } from './engine.js';
import { http_hook } from './http-hook.js';
import { keystone_authtoken } from './keystone-authtoken.js';
import { oslo_messaging_notifications, oslo_messaging_rabbit } from './oslo-messaging.js';
import { cors, healthcheck, oslo_middleware, ssl } from './oslo-middleware.js';
import { oslo_policy } from './oslo-policy.js';
import { planner } from './planner.js';
import { plugins } from './plugins.js';
import { remote } from './remote.js';
import { service_user } from './service-user.js';
import { upgrade_levels } from './upgrade-levels.js';
import { workflow } from './workflow.js';

/** Every section by its name in the file, in the order of the sample. */
export const SECTIONS = {
  DEFAULT,
  database,
  api,
  engine,
  service_user,
  keystone_authtoken,
  nova,
  placement,
  aodh,
  masakari,
  workflow,
  planner,
  plugins,
  remote,
  http_hook,
  oslo_messaging_notifications,
  oslo_messaging_rabbit,
  oslo_policy,
  oslo_middleware,
  cors,
  healthcheck,
  ssl,
  upgrade_levels,
};

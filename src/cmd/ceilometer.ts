import type { Logger } from '../common/logger.js';
import { NotificationListener } from '../messaging/notification-listener.js';
import type { Transport } from '../messaging/transport.js';
import type { Simulator } from '../simulator/index.js';

/** `[DEFAULT] control_exchange` of the simulated cloud. */
export const CONTROL_EXCHANGE = 'openstack';

/** Hears the broker's notifications for the simulated cloud, as Ceilometer does; not yet started. */
export function ceilometer(
  simulator: Simulator,
  transport: Pick<Transport, 'broker'> & Partial<Transport>,
  logger: Logger,
): NotificationListener {
  return new NotificationListener({
    ...transport,
    logger,
    exchange: CONTROL_EXCHANGE,
    topics: ['notifications'],
    priorities: ['INFO'],
    onNotification: (notification) => simulator.deliver(notification),
  });
}

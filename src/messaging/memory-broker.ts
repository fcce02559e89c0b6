import { type MachineClock, SystemMachineClock } from '../common/clock.js';
import type { Broker } from './broker.js';
import { type FaultSettings, Faults } from './faults.js';
import { MemoryClient } from './memory-client.js';
import { type BrokerListing, VirtualHost } from './virtual-host.js';

/**
 * A broker within the process, with the semantics of AMQP 0-9-1 as RabbitMQ has them: exchanges and queues with
 * options that must agree, bindings, consumers in turn, expiration, auto-delete, mandatory publishes. Everything takes
 * at least a turn of the event loop, and with {@link FaultSettings} it is as unreliable as a network.
 */
export class MemoryBroker {
  private readonly host: VirtualHost;
  private readonly faults: Faults | undefined;

  constructor(options: { readonly clock?: MachineClock; readonly faults?: FaultSettings } = {}) {
    this.host = new VirtualHost(options.clock ?? new SystemMachineClock());
    this.faults = options.faults && new Faults(options.faults);
  }

  /** A client of its own, like a connection. */
  connect(): Broker {
    return new MemoryClient(this.host, this.faults);
  }

  /** What there is now, for tests and the demo. */
  topology(): BrokerListing {
    return this.host.topology();
  }
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { Notifier } from '../../../src/messaging/notifier.js';
import type { CloudPort } from '../../../src/workflow/cloud-port.js';
import type { ActionContext, ActionPlugin } from '../../../src/workflow/contract.js';
import type { PluginRegistry } from '../../../src/workflow/registry.js';
import type { Points } from './points.js';

/** Complete by its type: a new method of the port has to be called one or the other. */
const METHODS: Readonly<Record<keyof CloudPort, 'read' | 'write'>> = {
  services: 'read',
  aggregates: 'read',
  ironicHosts: 'read',
  servers: 'read',
  serversChanged: 'read',
  server: 'read',
  capacities: 'read',
  proves: 'read',
  occupants: 'read',
  evacuatedFrom: 'read',
  migrations: 'read',
  instanceEvents: 'read',
  eventAlarms: 'read',
  adminProjectId: 'read',
  disableService: 'write',
  enableService: 'write',
  migrate: 'write',
  confirmResize: 'write',
  revertResize: 'write',
  liveMigrate: 'write',
  abortLiveMigration: 'write',
  forceCompleteLiveMigration: 'write',
  evacuate: 'write',
  stop: 'write',
  start: 'write',
  holdRoom: 'write',
  letRoomGo: 'write',
  holdsRoom: 'read',
  heldRooms: 'read',
  hypervisor: 'read',
  serversNamed: 'read',
  guardedHosts: 'read',
  deleteService: 'write',
  addToAggregate: 'write',
  removeFromAggregate: 'write',
  deleteProvider: 'write',
  boot: 'write',
  deleteServer: 'write',
  setOnMaintenance: 'write',
};

type Write = (...args: unknown[]) => Promise<void>;

interface Writing {
  readonly name: string;
  readonly points: Points;
}

const writing = new AsyncLocalStorage<Writing>();
const underWay = new WeakMap<object, Writing>();
subscribe('undici:request:create', (message) => {
  const { request } = message as { readonly request: { readonly method: string } };
  const write = writing.getStore();
  if (write !== undefined && request.method !== 'GET') underWay.set(request, write);
});
subscribe('undici:request:bodySent', (message) => {
  const write = underWay.get((message as { readonly request: object }).request);
  if (write !== undefined) setImmediate(() => write.points.pass(`${write.name}: under way`));
});

/** The same cloud; a write is a point before it, one when its request is sent and not answered, and one after it. */
export function watchedCloud(cloud: CloudPort, points: Points): CloudPort {
  return new Proxy(cloud, {
    get(target, method, receiver) {
      const found = Reflect.get(target, method, receiver);
      if (METHODS[method as keyof CloudPort] !== 'write') return found;
      const write: Writing = { name: `cloud ${String(method)}`, points };
      return (...args: unknown[]) =>
        points.around(write.name, () => writing.run(write, () => (found as Write).apply(target, args)));
    },
  });
}

/** The same notifier; each notification is a point before it and one after the broker's confirmation. */
export function watchedNotifier(notifier: Notifier, points: Points): Notifier {
  const send: Notifier['send'] = (notification) => {
    const { state } = notification.payload as { readonly state?: unknown };
    return points.around(`publish ${notification.eventType} ${state ?? ''}`, () => notifier.send(notification));
  };
  return Object.create(notifier, { send: { value: send } });
}

/** The same plug-ins; whatever an action plug-in is asked for is a point before and after. */
export function watchedPlugins(plugins: PluginRegistry, points: Points): PluginRegistry {
  const action = (name: string): ActionPlugin => {
    const plugin = plugins.action(name);
    const asked = (['check', 'run', 'probe', 'verify', 'undo'] as const).flatMap((phase) => {
      const ask = plugin[phase] as ((context: ActionContext) => Promise<unknown>) | undefined;
      if (ask === undefined) return [];
      const watched = (context: ActionContext) =>
        points.around(`plug-in ${context.name} ${phase}`, () => ask.call(plugin, context));
      return [[phase, watched]];
    });
    return { ...plugin, ...Object.fromEntries(asked) };
  };
  return Object.create(plugins, { action: { value: action } });
}

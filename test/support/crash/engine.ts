import 'reflect-metadata';
import { container as root } from 'tsyringe';
import { registerCloud } from '../../../src/cmd/wiring/cloud.js';
import { databaseComponent, once, registerCore } from '../../../src/cmd/wiring/core.js';
import { engineComponents, registerEngine } from '../../../src/cmd/wiring/engine.js';
import { brokerComponent, registerMessaging } from '../../../src/cmd/wiring/messaging.js';
import { messageOf } from '../../../src/common/errors.js';
import type { Component } from '../../../src/common/lifecycle.js';
import { createLogger } from '../../../src/common/logger.js';
import { loadConfig, type Values } from '../../../src/config/index.js';
import { type Database, DatabaseToken } from '../../../src/db/database.js';
import { Repositories } from '../../../src/db/repositories.js';
import { Notifier } from '../../../src/messaging/notifier.js';
import { CloudPort } from '../../../src/workflow/cloud-port.js';
import { PluginRegistry } from '../../../src/workflow/registry.js';
import { type Point, Points, sameAs } from './points.js';
import { watchedRepositories } from './watched-database.js';
import { watchedCloud, watchedNotifier, watchedPlugins } from './watched-world.js';

/*
 * An engine as fenix-engine puts it together, of parts that say where they are, in a process that ends itself with
 * SIGKILL at the point that it was told. It waits for its orders with all its code loaded, and may be used again.
 */

/** What the parent sends. */
export type Order =
  | {
      readonly kind: 'start';
      readonly options: Values;
      /** Where to die; undefined = nowhere. */
      readonly dieAt: Point | undefined;
    }
  | { readonly kind: 'stop' };

/** What the parent hears. */
export type Said =
  | { readonly kind: 'ready' | 'started' | 'stopped' }
  | { readonly kind: 'passed'; readonly point: Point }
  | { readonly kind: 'broken'; readonly why: string };

let running: Component[] = [];
let orders: Promise<void> = Promise.resolve();

process.on('message', (order: Order) => {
  orders = orders.then(() => carryOut(order)).catch((error) => say({ kind: 'broken', why: messageOf(error) }));
});
process.on('disconnect', () => process.exit());
say({ kind: 'ready' });

async function carryOut(order: Order): Promise<void> {
  if (order.kind === 'start') {
    running = compose(order);
    for (const component of running) await component.start(new AbortController().signal);
    say({ kind: 'started' });
    return;
  }
  for (const component of running.splice(0).reverse()) await component.stop();
  say({ kind: 'stopped' });
}

function compose({ options, dieAt }: Extract<Order, { kind: 'start' }>): Component[] {
  const isDeadly = dieAt && sameAs(dieAt);
  const points = new Points((point) => {
    if (isDeadly?.(point)) process.kill(process.pid, 'SIGKILL');
    say({ kind: 'passed', point });
  });
  const { config } = loadConfig({ defaults: options });
  const plain = root.createChildContainer();
  registerCore(plain, config, createLogger({ level: 'info', format: 'json' }));
  registerMessaging(plain, 'fenix-engine');
  registerCloud(plain);
  const watched = plain.createChildContainer();
  once(watched, Repositories, () => watchedRepositories(plain.resolve<Database>(DatabaseToken), points));
  once(watched, CloudPort, () => watchedCloud(plain.resolve<CloudPort>(CloudPort), points));
  once(watched, Notifier, () => watchedNotifier(plain.resolve(Notifier), points));
  registerEngine(watched);
  const plugins: Component = {
    name: 'points of plug-ins',
    start: async () => {
      watched.registerInstance(PluginRegistry, watchedPlugins(watched.resolve(PluginRegistry), points));
    },
    stop: async () => undefined,
  };
  const components = engineComponents(watched).flatMap((component) =>
    component.name === 'plug-ins' ? [component, plugins] : [component],
  );
  return [databaseComponent(plain), brokerComponent(plain), ...components];
}

function say(said: Said): void {
  process.send?.(said);
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ChannelModel, connect } from 'amqplib';
import { becomes } from './becomes.js';
import { fillCloud } from './contents.js';
import { environment } from './environment.js';
import { fillIdentity } from './identity.js';
import { Processes } from './processes.js';
import { Rest } from './rest.js';
import { createDatabases, createSchema } from './schemas.js';
import { keystone, type Service, servicesOf } from './services/index.js';
import { type CloudSettings, folders, saveSettings, urlOf } from './settings.js';

interface Hypervisor {
  readonly state: string;
}

/**
 * Makes a cloud in an empty folder: databases, schemas side by side, services, users, catalog, first contents. Resolves
 * when a server could be booted and an alarm would fire.
 * @param say is told what has been reached
 */
export async function bringUp(settings: CloudSettings, say: (what: string) => void): Promise<void> {
  const identity = keystone(settings);
  const services = servicesOf(settings);
  for (const folder of Object.values(folders(settings.home))) mkdirSync(folder, { recursive: true });
  saveSettings(settings);
  for (const service of [identity, ...services]) writeFiles(settings, service);
  const databases = [identity, ...services].flatMap((service) => service.databases);
  await createDatabases(settings, databases);

  const processes = new Processes(settings.home, environment(settings.home));
  const admin = new Rest(settings, 'admin');
  const identityFilled = (async () => {
    await createSchema(settings, identity);
    startAll(identity, processes, []);
    await answers(settings, identity);
    await fillIdentity(admin, settings, services);
    say('Keystone');
  })();
  await Promise.all(
    services.map(async (service) => {
      await createSchema(settings, service);
      await identityFilled;
      startAll(service, processes, settings.spares);
      if (service.catalog.length > 0) await answers(settings, service);
      say(service.name);
    }),
  );
  // The catalog that came with the first admin's token was still empty.
  const again = new Rest(settings, 'admin');
  await Promise.all([hostsAreUp(settings, again), fillCloud(again, settings), queuesAreConsumed(settings, services)]);
}

function writeFiles({ home }: CloudSettings, { files }: Service): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
}

function startAll({ processes: commands }: Service, processes: Processes, spares: readonly string[]): void {
  for (const [name, command] of Object.entries(commands))
    if (!spares.some((host) => name === `nova-${host}`)) processes.start(name, command);
}

async function answers(settings: CloudSettings, service: Service): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const answer = await fetch(urlOf(settings, service.name)).catch(() => undefined);
    return answer !== undefined && answer.status < 500;
  };
  await becomes(isThere, `${service.name} at ${urlOf(settings, service.name)}`);
}

/** Only hosts that Nova has found for its cell are listed. */
async function hostsAreUp({ computes }: CloudSettings, admin: Rest): Promise<void> {
  const up = async (): Promise<boolean> => {
    const { hypervisors } = await admin.get<{ hypervisors: Hypervisor[] }>('compute', '/os-hypervisors');
    return hypervisors.filter(({ state }) => state === 'up').length === computes.length;
  };
  await becomes(up, 'all compute hosts up');
}

async function queuesAreConsumed({ transportUrl }: CloudSettings, services: readonly Service[]): Promise<void> {
  const connection = await connect(transportUrl.replace(/^rabbit:/, 'amqp:'));
  connection.on('error', () => undefined);
  try {
    for (const queue of services.flatMap(({ queues }) => queues)) {
      await becomes(() => isConsumed(connection, queue), `a consumer of ${queue}`);
    }
  } finally {
    await connection.close();
  }
}

async function isConsumed(connection: ChannelModel, queue: string): Promise<boolean> {
  // A queue that is not there ends the channel.
  const channel = await connection.createChannel();
  channel.on('error', () => undefined);
  try {
    const { consumerCount } = await channel.checkQueue(queue);
    await channel.close();
    return consumerCount > 0;
  } catch {
    return false;
  }
}

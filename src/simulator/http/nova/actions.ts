import type { Response, Router } from 'express';
import type { Cloud } from '../../cloud.js';
import type { Evacuations } from '../../evacuations.js';
import type { Moves } from '../../moves.js';
import type { Caller, Instance } from '../../records.js';
import { Refusal } from '../../refusal.js';
import type { Servers } from '../../servers.js';
import { callerOf, isObject, wholeMicros } from '../wire.js';
import { minorOf } from './microversion.js';
import { requireAdmin } from './policy.js';
import { serverOf } from './servers.js';

/** Whatever takes time in the cloud. */
interface Doers {
  readonly servers: Servers;
  readonly moves: Moves;
  readonly evacuations: Evacuations;
}

type Action = (instance: Instance, argument: unknown, response: Response, caller: Caller) => void;

/** POST /servers/{id}/action and what it left behind in os-instance-actions. */
export function actionRoutes(router: Router, cloud: Cloud, { servers, moves, evacuations }: Doers): void {
  const actions: Readonly<Record<string, Action>> = {
    migrate: (instance, argument, response, caller) => {
      requireAdmin(response, 'os-migrate-server:migrate');
      moves.migrate(instance, migrateTarget(argument, minorOf(response)), caller);
    },
    'os-migrateLive': (instance, argument, response, caller) => {
      requireAdmin(response, 'os-migrate-server:migrate_live');
      moves.liveMigrate(instance, liveOptions(argument, minorOf(response)), caller);
    },
    evacuate: (instance, argument, response, caller) => {
      requireAdmin(response, 'os-evacuate');
      const minor = minorOf(response);
      const target = isObject(argument) && typeof argument.host === 'string' ? argument.host : undefined;
      if (minor < 14 && !(isObject(argument) && typeof argument.onSharedStorage === 'boolean'))
        throw new Refusal(400, "Invalid input for field/attribute evacuate. 'onSharedStorage' is a required property");
      evacuations.evacuate(instance, target, caller);
      response.status(200);
      if (minor < 14) response.json({ adminPass: instance.id.slice(-12) });
    },
    confirmResize: (instance, _argument, response, caller) => {
      moves.confirm(instance, caller);
      response.status(204);
    },
    revertResize: (instance, _argument, _response, caller) => moves.revert(instance, caller),
    createImage: (instance, argument, response, caller) => {
      if (!isObject(argument) || typeof argument.name !== 'string')
        throw new Refusal(400, "Invalid input for field/attribute createImage. 'name' is a required property");
      servers.snapshot(instance, caller);
      const image = cloud.newUuid();
      response.set('Location', `/images/${image}`);
      if (minorOf(response) >= 45) response.json({ image_id: image });
    },
    'os-stop': (instance, _argument, _response, caller) => servers.stop(instance, caller),
    'os-start': (instance, _argument, _response, caller) => servers.start(instance, caller),
    unlock: (instance, _argument, _response, caller) => servers.unlock(instance, caller),
  };

  router.post('/servers/:id/action', (request, response) => {
    const caller = callerOf(response);
    const [[name, argument] = ['', null]] = Object.entries(isObject(request.body) ? request.body : {});
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action === undefined) throw new Refusal(400, `There is no such action: ${name}`);
    const instance = serverOf(cloud, request, caller);
    response.status(202);
    action(instance, argument, response, caller);
    if (!response.headersSent) response.type('application/json').end();
  });

  router.get('/servers/:id/os-instance-actions', (request, response) => {
    const instance = serverOf(cloud, request, callerOf(response));
    const withUpdate = minorOf(response) >= 58;
    const instanceActions = cloud.actionsOf(instance.id).map((record) => ({
      action: record.action,
      instance_uuid: instance.id,
      request_id: record.requestId,
      user_id: record.userId,
      project_id: record.projectId,
      start_time: wholeMicros(record.started),
      message: record.message,
      ...(withUpdate ? { updated_at: wholeMicros(record.updated) } : {}),
    }));
    response.json({ instanceActions });
  });
}

/** From 2.56 on `{"host": name}` is allowed; null means: let the scheduler choose. */
function migrateTarget(argument: unknown, minor: number): string | undefined {
  if (argument === null || minor < 56) return undefined;
  const host = isObject(argument) ? argument.host : undefined;
  if (!isObject(argument) || (host !== undefined && host !== null && typeof host !== 'string'))
    throw new Refusal(400, `Invalid input for field/attribute migrate. Value: ${JSON.stringify(argument)}.`);
  return typeof host === 'string' ? host : undefined;
}

function liveOptions(argument: unknown, minor: number) {
  const missing = (name: string): Refusal =>
    new Refusal(
      400,
      `Invalid input for field/attribute os-migrateLive. Value: ${JSON.stringify(argument)}. '${name}' is a required property`,
    );
  if (!isObject(argument) || argument.host === undefined) throw missing('host');
  if (argument.block_migration === undefined) throw missing('block_migration');
  if (minor < 25 && argument.disk_over_commit === undefined) throw missing('disk_over_commit');
  const knowsForce = minor >= 30 && minor < 68;
  if (argument.force !== undefined && !knowsForce)
    throw new Refusal(
      400,
      "Invalid input for field/attribute os-migrateLive. Additional properties are not allowed ('force' was unexpected)",
    );
  const target = typeof argument.host === 'string' ? argument.host : undefined;
  // Before 2.30 a named host was taken without asking the scheduler.
  const force = target !== undefined && (minor < 30 || argument.force === true);
  return { target, force, synchronous: minor < 34 };
}

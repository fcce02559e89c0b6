import type { Request, Router } from 'express';
import type { Cloud } from '../../cloud.js';
import type { Moves } from '../../moves.js';
import type { Migration } from '../../records.js';
import { Refusal } from '../../refusal.js';
import { callerOf, param, query, wholeMicros } from '../wire.js';
import { minorOf, since } from './microversion.js';
import { adminOnly } from './policy.js';
import { serverOf } from './servers.js';

/** os-migrations, and the live migrations in progress of one server. */
export function migrationRoutes(router: Router, cloud: Cloud, moves: Moves): void {
  router.get('/os-migrations', adminOnly('os-migrations:index'), (request, response) => {
    const minor = minorOf(response);
    const migrations = cloud.migrations().filter((migration) => matches(migration, request));
    response.json({ migrations: migrations.map((migration) => view(migration, minor)) });
  });

  router.get('/servers/:id/migrations', since(23), adminOnly('servers:migrations:index'), (request, response) => {
    const instance = serverOf(cloud, request, callerOf(response));
    const open = cloud.openMigration(instance.id);
    const running = open?.type === 'live-migration' ? [open] : [];
    response.json({ migrations: running.map((migration) => progressView(migration, minorOf(response))) });
  });

  router.post(
    '/servers/:id/migrations/:mid/action',
    since(22),
    adminOnly('servers:migrations:force_complete'),
    (request, response) => {
      const caller = callerOf(response);
      const instance = serverOf(cloud, request, caller);
      moves.forceComplete(instance, liveMigrationOf(cloud, instance.id, param(request, 'mid'), 400), caller);
      response.status(202).end();
    },
  );

  router.delete(
    '/servers/:id/migrations/:mid',
    since(24),
    adminOnly('servers:migrations:delete'),
    (request, response) => {
      const caller = callerOf(response);
      const instance = serverOf(cloud, request, caller);
      const migration = liveMigrationOf(cloud, instance.id, param(request, 'mid'), 404);
      moves.abort(instance, migration, minorOf(response), caller);
      response.status(202).end();
    },
  );
}

/** @param missing how the call refuses one that is not there */
function liveMigrationOf(cloud: Cloud, instanceId: string, wanted: string, missing: 400 | 404): Migration {
  const found = cloud.migrations().find(({ id, type }) => String(id) === wanted && type === 'live-migration');
  if (found?.instanceId === instanceId) return found;
  throw new Refusal(missing, `Migration ${wanted} not found for instance ${instanceId}`);
}

function matches(migration: Migration, request: Request): boolean {
  const host = query(request, 'host');
  const wanted: readonly [string, string | null][] = [
    ['instance_uuid', migration.instanceId],
    ['status', migration.status],
    ['migration_type', migration.type],
    ['source_compute', migration.sourceHost],
  ];
  return (
    (host === undefined || migration.sourceHost === host || migration.targetHost === host) &&
    wanted.every(([name, value]) => query(request, name) === undefined || query(request, name) === value)
  );
}

function view(migration: Migration, minor: number): object {
  return {
    id: migration.id,
    ...(minor >= 59 ? { uuid: migration.uuid } : {}),
    source_compute: migration.sourceHost,
    dest_compute: migration.targetHost,
    source_node: migration.sourceHost,
    dest_node: migration.targetHost,
    dest_host: migration.type === 'live-migration' || migration.targetHost === null ? null : '192.168.0.1',
    old_instance_type_id: migration.flavorNumber,
    new_instance_type_id: migration.flavorNumber,
    instance_uuid: migration.instanceId,
    status: migration.status,
    ...(minor >= 23 ? { migration_type: migration.type } : {}),
    created_at: wholeMicros(migration.created),
    updated_at: wholeMicros(migration.updated),
  };
}

function progressView(migration: Migration, minor: number): object {
  return {
    created_at: wholeMicros(migration.created),
    dest_compute: migration.targetHost,
    dest_host: null,
    dest_node: migration.targetHost,
    disk_processed_bytes: null,
    disk_remaining_bytes: null,
    disk_total_bytes: null,
    id: migration.id,
    memory_processed_bytes: null,
    memory_remaining_bytes: null,
    memory_total_bytes: null,
    server_uuid: migration.instanceId,
    source_compute: migration.sourceHost,
    source_node: migration.sourceHost,
    status: migration.status,
    updated_at: wholeMicros(migration.updated),
    ...(minor >= 59 ? { uuid: migration.uuid } : {}),
  };
}

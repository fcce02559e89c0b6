import { isDeepStrictEqual } from 'node:util';
import type { Tx } from '../../db/database.js';
import type { OwnedRecords } from '../../db/owned-records.js';
import type { ConstraintChange, ConstraintOwner } from '../../model/index.js';
import type { ApiDeps } from '../deps.js';
import { malformed, notFound } from '../errors.js';
import type { ApiRequest, Caller } from '../request.js';
import type { Handler, TargetOf } from '../routes.js';
import type { ParsedConstraints } from '../schemas/constraint-limits.js';
import { originOf } from './origin.js';

/** One kind of constraints that projects give. */
export interface ConstraintResource<M extends ConstraintOwner> {
  /** The id's name in path and body. */
  readonly key: 'instance_id' | 'group_id';
  /** Characters of an id. */
  readonly mostId: number;
  readonly records: OwnedRecords<M>;
  parse(id: string, body: unknown, owner: ConstraintOwner): ParsedConstraints<M>;
  /** As PUT and GET answer. */
  view(constraints: M): object;
}

/** No blanks at the ends: databases may compare without them. */
const ID = /^(?!\s)\P{Cc}+(?<!\s)$/u;

/** GET, PUT and DELETE of one object, which stays independent of sessions. */
export interface ConstraintHandlers {
  readonly show: Handler;
  readonly put: Handler;
  readonly remove: Handler;
}

export function constraintHandlers<M extends ConstraintOwner>(
  deps: ApiDeps,
  resource: ConstraintResource<M>,
): ConstraintHandlers {
  return {
    show: (request) => show(resource, request),
    put: (request) => put(deps, resource, request),
    remove: (request) => remove(deps, resource, request),
  };
}

/** Ownership comes from the token (L9); one without a project owns nothing. */
export const ownedByCaller: TargetOf = ({ caller: { projectId } }) =>
  projectId === null ? {} : { project_id: projectId };

/** The owner is the token's project, whatever the body says (v1 §1.3 i). */
async function put<M extends ConstraintOwner>(
  deps: ApiDeps,
  resource: ConstraintResource<M>,
  request: ApiRequest,
): Promise<object> {
  const { key, mostId, records } = resource;
  const id = request.param(key);
  if (!isId(id, mostId)) throw malformed(key, `${key} must be printable and have at most ${mostId} characters.`);
  const owner = { ownerProjectId: ownProject(request.caller), byAdmin: request.caller.isAdmin };
  const { constraints, conversions } = resource.parse(id, request.body(), owner);
  await deps.repositories.database.transaction(async (tx) => {
    const before = await records.get(id, owner.ownerProjectId, tx);
    await records.put(constraints, deps.clock.now(), tx);
    // Managers send theirs at each start; the same once more is nothing that was decided.
    if (isDeepStrictEqual(before, constraints)) return;
    const details = { constraints: resource.view(constraints) };
    await tell(deps, request, resource, { projectId: owner.ownerProjectId, what: 'constraints-stored', details }, tx);
  });
  request.log.info(
    { ...about(request, key, id), ...(conversions.length > 0 && { conversions }) },
    'constraints stored',
  );
  return resource.view(constraints);
}

/** One's own record; for an admin else the newest of anybody's. Of others' nothing is told. */
async function show<M extends ConstraintOwner>(
  resource: ConstraintResource<M>,
  { caller, param }: ApiRequest,
): Promise<object> {
  const { records, mostId, key } = resource;
  const id = param(key);
  const own = isId(id, mostId) ? await records.get(id, ownProject(caller)) : undefined;
  const found = own ?? (caller.isAdmin && isId(id, mostId) ? (await records.all(id))[0] : undefined);
  if (found === undefined) throw notFound(`There are no constraints for this ${key}.`);
  return resource.view(found);
}

/** Unknown ones, too: managers delete in any order (v1 §1.3 g). An admin's DELETE removes all owners' records. */
async function remove<M extends ConstraintOwner>(
  deps: ApiDeps,
  resource: ConstraintResource<M>,
  request: ApiRequest,
): Promise<object> {
  const { key, mostId, records } = resource;
  const id = request.param(key);
  if (!isId(id, mostId)) return {};
  const owner = request.caller.isAdmin ? null : ownProject(request.caller);
  const removed = await deps.repositories.database.transaction(async (tx) => {
    const count = await records.remove(id, owner, tx);
    const change = { projectId: owner, what: 'constraints-deleted', details: { removed: count } } as const;
    if (count > 0) await tell(deps, request, resource, change, tx);
    return count;
  });
  request.log.info({ ...about(request, key, id), removed }, 'constraints deleted');
  return {};
}

/** The line on a decision about constraints: who, what, when, from where. */
async function tell<M extends ConstraintOwner>(
  { repositories, clock }: ApiDeps,
  { caller, context, param }: ApiRequest,
  { key }: ConstraintResource<M>,
  change: Pick<ConstraintChange, 'projectId' | 'what' | 'details'>,
  tx: Tx,
): Promise<void> {
  await repositories.constraintChanges.append(
    {
      ...change,
      kind: key === 'instance_id' ? 'instance' : 'group',
      objectId: param(key),
      at: clock.now(),
      who: caller.userId,
      details: { ...change.details, ...originOf(context) },
    },
    tx,
  );
}

/** An admin's token may have no project. */
function ownProject({ projectId }: Caller): string {
  return projectId ?? '';
}

function isId(id: string, most: number): boolean {
  return ID.test(id) && [...id].length <= most;
}

function about({ caller }: ApiRequest, key: string, id: string): object {
  return { [key]: id, owner_project_id: ownProject(caller), user_id: caller.userId };
}

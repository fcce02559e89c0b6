import { isObject } from '../common/is-object.js';
import { noSuchMethod, unsupportedVersion } from './remote-error.js';
import type { ReceivedRequest, WireContext } from './rpc-message.js';
import { isVersionCompatible } from './version.js';

/** A method as an endpoint offers it: keyword arguments and the caller's context in, JSON out. */
export type RpcMethod = (args: Readonly<Record<string, unknown>>, context: WireContext) => unknown;

/** Methods of one namespace and version. */
export interface RpcEndpoint {
  /** Absent = none, which is not the same as ''. */
  readonly namespace?: string;
  /** Names under which it is served as well; null = without namespace. */
  readonly legacyNamespaces?: readonly (string | null)[];
  /** `major.minor[.revision]`; serves every request of the same major version that is not newer. */
  readonly version: string;
  readonly methods: Readonly<Record<string, RpcMethod>>;
}

/**
 * Runs a request by the first endpoint that has namespace, compatible version and method. Rejects with UnsupportedVersion
 * or NoSuchMethod as oslo.messaging names them, a TypeError for arguments that are no object, or the method's own error.
 */
export async function dispatch(endpoints: readonly RpcEndpoint[], request: ReceivedRequest): Promise<unknown> {
  const compatible = endpoints.filter(
    (endpoint) => isNamed(endpoint, request.namespace) && isVersionCompatible(endpoint.version, request.version),
  );
  if (compatible.length === 0) throw unsupportedVersion(request.version, request.method);
  const method = findMethod(compatible, request.method);
  if (method === undefined) throw noSuchMethod(request.method);
  if (!isObject(request.args)) throw new TypeError('args must be an object of keyword arguments');
  return await method(request.args, request.context);
}

function isNamed({ namespace, legacyNamespaces = [] }: RpcEndpoint, asked: unknown): boolean {
  return (namespace ?? null) === asked || legacyNamespaces.some((legacy) => legacy === asked);
}

/** Names with `_` in front are never offered. */
function findMethod(endpoints: readonly RpcEndpoint[], name: unknown): RpcMethod | undefined {
  if (typeof name !== 'string' || name.startsWith('_')) return undefined;
  return endpoints.find(({ methods }) => Object.hasOwn(methods, name))?.methods[name];
}

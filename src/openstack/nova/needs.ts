import { type Need, need } from '../versions.js';

/** 2.53: hypervisors have uuids and name their service's host as `service.host`. */
export const HYPERVISORS = need(2, 53, 'to know the host of each hypervisor');
/** 2.59: pages, and uuids to mark them. The type is there since 2.23. */
export const PAGED = need(2, 59, 'to list migrations in pages');
/** 2.56: a cold migration takes a target. */
export const COLD_TARGET = need(2, 56, 'to migrate an instance to a named host');
/** What has been there since the first version of the API. */
export const BASE = need(2, 1, 'to act on servers and to list aggregates');
/** 2.34: a live migration answers before its checks; 2.30: the target is checked by the scheduler unless forced. */
export const ASYNC_LIVE = need(2, 34, 'to migrate an instance live without waiting for its checks');
/** 2.29: the target of an evacuation is checked by the scheduler unless forced; no word on shared storage since 2.14. */
export const EVACUATE_CHECKED = need(2, 29, 'to evacuate an instance to a host that is checked');
/** 2.65: a live migration that is still queued can be aborted as well. */
export const ABORT_QUEUED = need(2, 65, 'to abort a live migration that is queued');
/** 2.22: that can be asked for at all. */
export const FORCE_COMPLETE = need(2, 22, 'to force a live migration to its end');
/** 2.21: also of deleted servers. */
export const ACTIONS_OF_DELETED = need(2, 21, 'to see what was done to deleted servers');
/** 2.47: the flavor stands in the server itself; `locked` is there since 2.9. */
export const EMBEDDED_FLAVOR = need(2, 47, "to know a server's flavor");
/** 2.53: services have uuids. Those of a cell that is down are left out. */
export const SERVICE_UUID = need(2, 53, 'to address compute services by uuid');
/** 2.74: the host is named in the request and checked by the scheduler; 2.37: no network by a word. */
export const BOOT_ON_HOST = need(2, 74, 'to boot a test instance on a named host');
/** 2.69: those of a cell that is down are listed with status UNKNOWN. */
export const CELL_DOWN = need(2, 69, 'to tell an empty host from one whose cell is down');

/** All that Nova is asked for by every session: what a single action needs is refused where it is used. */
export const NOVA_NEEDS: readonly Need[] = [
  BASE,
  HYPERVISORS,
  PAGED,
  COLD_TARGET,
  ASYNC_LIVE,
  EVACUATE_CHECKED,
  ABORT_QUEUED,
  FORCE_COMPLETE,
  ACTIONS_OF_DELETED,
  EMBEDDED_FLAVOR,
  SERVICE_UUID,
  CELL_DOWN,
];

import { FenixError } from '../common/errors.js';
import { addResources, fitsIn, NO_RESOURCES, type Resources } from '../model/index.js';
import type { Topology } from './topology.js';

/** What is wrong with a topology, and where. */
export function bad(field: string, problem: string): FenixError {
  return new FenixError('input', 'bad-topology', `Topology: ${field === '' ? 'the file' : field} ${problem}.`, {
    field,
  });
}

/** Every name that is used is there, and no name is there twice. */
export function checkNames(topology: Topology): void {
  unique(topology.flavors, 'flavors');
  unique(topology.hosts, 'hosts');
  unique(topology.projects, 'projects');
  unique(topology.aggregates ?? [], 'aggregates');
  unique(topology.segments ?? [], 'segments');
  const flavors = new Set(topology.flavors.map(({ name }) => name));
  const hosts = new Set(topology.hosts.map(({ name }) => name));
  const projects = new Set(topology.projects.map(({ name }) => name));
  topology.aggregates?.forEach((aggregate, a) => {
    for (const host of aggregate.hosts)
      if (!hosts.has(host)) throw bad(`aggregates[${a}].hosts`, `names no host: ${host}`);
  });
  topology.segments?.forEach((segment, s) => {
    for (const host of segment.hosts) if (!hosts.has(host)) throw bad(`segments[${s}].hosts`, `names no host: ${host}`);
  });
  topology.alarms?.forEach(({ project }, a) => {
    if (!projects.has(project)) throw bad(`alarms[${a}].project`, `names no project: ${project}`);
  });
  for (const project of topology.churn?.projects ?? [])
    if (!projects.has(project)) throw bad('churn.projects', `names no project: ${project}`);
  if (topology.churn?.flavor !== undefined && !flavors.has(topology.churn.flavor))
    throw bad('churn.flavor', `names no flavor: ${topology.churn.flavor}`);
  topology.projects.forEach((project, p) => {
    if (['admin', 'service'].includes(project.name)) throw bad(`projects[${p}].name`, 'is taken by the cloud itself');
    unique(project.groups ?? [], `projects[${p}].groups`);
    const groups = new Set(project.groups?.map(({ name }) => name));
    project.instances?.forEach((instance, i) => {
      const at = `projects[${p}].instances[${i}]`;
      if (!flavors.has(instance.flavor)) throw bad(`${at}.flavor`, `names no flavor: ${instance.flavor}`);
      if (!hosts.has(instance.host)) throw bad(`${at}.host`, `names no host: ${instance.host}`);
      if (instance.group !== undefined && !groups.has(instance.group))
        throw bad(`${at}.group`, `names no group of the project: ${instance.group}`);
      if (instance.resizedFrom !== undefined && !hosts.has(instance.resizedFrom))
        throw bad(`${at}.resizedFrom`, `names no host: ${instance.resizedFrom}`);
    });
  });
}

function unique(items: readonly { readonly name: string }[], field: string): void {
  const seen = new Set<string>();
  items.forEach(({ name }, index) => {
    if (seen.has(name)) throw bad(`${field}[${index}].name`, `is there twice: ${name}`);
    seen.add(name);
  });
}

/** What stands on a host fits there. */
export function checkRoom(topology: Topology): void {
  const flavors = new Map(topology.flavors.map((flavor) => [flavor.name, flavor]));
  const used = new Map<string, Resources>();
  for (const { instances = [] } of topology.projects)
    for (const instance of instances)
      for (const host of [instance.host, instance.resizedFrom])
        if (host !== undefined)
          used.set(host, addResources(used.get(host) ?? NO_RESOURCES, flavors.get(instance.flavor) ?? NO_RESOURCES));
  topology.hosts.forEach((host, h) => {
    if (!fitsIn(used.get(host.name) ?? NO_RESOURCES, host))
      throw bad(`hosts[${h}]`, `has less room than its instances take: ${host.name}`);
  });
}

/** Paths are regular expressions, and rates leave something. */
export function checkFaults({ faults }: Topology): void {
  faults?.http?.forEach(({ path = '' }, f) => {
    try {
      new RegExp(path);
    } catch {
      throw bad(`faults.http[${f}].path`, `is no regular expression: ${path}`);
    }
  });
  const { fail = 0, error = 0, stuck = 0, elsewhere = 0 } = faults?.moves ?? {};
  if (fail + error + stuck + elsewhere > 1) throw bad('faults.moves', 'are more than all');
}

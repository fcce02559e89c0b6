import type { Router } from 'express';
import type { Cloud } from '../../cloud.js';
import type { ServerGroup } from '../../records.js';
import { Refusal } from '../../refusal.js';
import { callerOf, param, query } from '../wire.js';
import { minorOf } from './microversion.js';

/** os-server-groups: list and show. */
export function groupRoutes(router: Router, cloud: Cloud): void {
  router.get('/os-server-groups', (request, response) => {
    const { projectId, admin } = callerOf(response);
    const everybodys = admin && query(request, 'all_projects') !== undefined;
    const groups = [...cloud.groups.values()].filter(
      ({ policy, project }) => policy !== null && (everybodys || project.id === projectId),
    );
    response.json({ server_groups: groups.map((group) => view(cloud, group, minorOf(response))) });
  });
  router.get('/os-server-groups/:id', (request, response) => {
    const { projectId, admin } = callerOf(response);
    const group = cloud.groups.get(param(request, 'id'));
    if (group === undefined || group.policy === null || !(admin || group.project.id === projectId))
      throw new Refusal(404, `Instance group ${param(request, 'id')} could not be found.`);
    response.json({ server_group: view(cloud, group, minorOf(response)) });
  });
}

/** One policy and its rules from 2.64 on, a list of policies before. */
function view(cloud: Cloud, group: ServerGroup, minor: number): object {
  const { id, name, policy, project, userId } = group;
  const members = cloud.membersOf(id).map((member) => member.id);
  return {
    id,
    name,
    ...(minor >= 64 ? { policy, rules: {} } : { policies: [policy], metadata: {} }),
    members,
    ...(minor >= 13 ? { project_id: project.id, user_id: userId } : {}),
  };
}

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { becomes } from '../cloud/becomes.js';
import type { Rest } from '../cloud/rest.js';

const TEMPLATE = fileURLToPath(new URL('../../../../test/openstack/application.yaml', import.meta.url));
interface Stack {
  readonly stack_status: string;
  readonly stack_status_reason: string;
  readonly outputs?: readonly { readonly output_key: string; readonly output_value: unknown }[];
}

/** An application deployed and scaled by Heat. */
export class HeatApplication {
  private readonly path: string;

  private constructor(
    private readonly tenant: Rest,
    private readonly name: string,
    id: string,
  ) {
    this.path = `/stacks/${name}/${id}`;
  }

  /** Resolves when all of it is there. @param parameters of `application.yaml` */
  static async deploy(tenant: Rest, name: string, parameters: object): Promise<HeatApplication> {
    const template = parse(readFileSync(TEMPLATE, 'utf8'));
    const body = { stack_name: name, template, parameters };
    const { stack } = await tenant.call<{ stack: { id: string } }>('orchestration', 'POST', '/stacks', body);
    const application = new HeatApplication(tenant, name, stack.id);
    await application.reaches('CREATE_COMPLETE');
    return application;
  }

  /** Servers of the part that may be scaled; resolves when it is so. */
  async scaleTo(count: number): Promise<void> {
    await this.tenant.call('orchestration', 'PATCH', this.path, { existing: true, parameters: { worker_count: count } });
    await this.reaches('UPDATE_COMPLETE');
  }

  /** Ids: of the group whose servers must not share a host, of those servers, and of the ones that may be scaled. */
  async parts(): Promise<{ readonly group: string; readonly pair: string[]; readonly workers: string[] }> {
    const { outputs = [] } = await this.stack();
    return Object.fromEntries(outputs.map(({ output_key, output_value }) => [output_key, output_value])) as never;
  }

  async delete(): Promise<void> {
    await this.tenant.call('orchestration', 'DELETE', this.path);
    const isGone = async (): Promise<boolean> => {
      const { stacks } = await this.tenant.get<{ stacks: { stack_name: string; stack_status: string }[] }>(
        'orchestration',
        '/stacks',
      );
      return !stacks.some(({ stack_name }) => stack_name === this.name);
    };
    await becomes(isGone, `stack ${this.name} deleted`);
  }

  private async stack(): Promise<Stack> {
    return (await this.tenant.get<{ stack: Stack }>('orchestration', this.path)).stack;
  }

  private async reaches(status: string): Promise<void> {
    const isThere = async (): Promise<boolean> => {
      const { stack_status, stack_status_reason } = await this.stack();
      if (stack_status.endsWith('FAILED')) throw new Error(`Heat: ${stack_status}: ${stack_status_reason}`);
      return stack_status === status;
    };
    await becomes(isThere, `stack ${this.name} ${status}`);
  }
}

import { becomes } from '../cloud/becomes.js';
import type { Rest } from '../cloud/rest.js';

interface HeatStack {
  readonly stack_name: string;
  readonly stack_status: string;
  readonly stack_status_reason: string;
  readonly outputs?: readonly { readonly output_key: string; readonly output_value: unknown }[];
}

/** A stack of Heat's. */
export class Stack {
  private constructor(
    private readonly owner: Rest,
    private readonly name: string,
    private readonly path: string,
  ) {}

  /** Resolves when all of it is there. @param template as an object, not as text */
  static async create(owner: Rest, name: string, template: object, parameters: object = {}): Promise<Stack> {
    const body = { stack_name: name, template, parameters };
    const { stack } = await owner.call<{ stack: { id: string } }>('orchestration', 'POST', '/stacks', body);
    const created = new Stack(owner, name, `/stacks/${name}/${stack.id}`);
    await created.reaches('CREATE_COMPLETE');
    return created;
  }

  /** Resolves when all of it is as the changed parameters want it. */
  async update(parameters: object): Promise<void> {
    await this.owner.call('orchestration', 'PATCH', this.path, { existing: true, parameters });
    await this.reaches('UPDATE_COMPLETE');
  }

  async outputs(): Promise<Record<string, unknown>> {
    const { outputs = [] } = await this.read();
    return Object.fromEntries(outputs.map(({ output_key, output_value }) => [output_key, output_value]));
  }

  async delete(): Promise<void> {
    await this.owner.call('orchestration', 'DELETE', this.path);
    const isGone = async (): Promise<boolean> => {
      const { stacks } = await this.owner.get<{ stacks: HeatStack[] }>('orchestration', '/stacks');
      return !stacks.some(({ stack_name }) => stack_name === this.name);
    };
    await becomes(isGone, `stack ${this.name} deleted`);
  }

  private async read(): Promise<HeatStack> {
    return (await this.owner.get<{ stack: HeatStack }>('orchestration', this.path)).stack;
  }

  private async reaches(status: string): Promise<void> {
    const isThere = async (): Promise<boolean> => {
      const { stack_status, stack_status_reason } = await this.read();
      if (stack_status.endsWith('FAILED')) throw new Error(`Heat: ${stack_status}: ${stack_status_reason}`);
      return stack_status === status;
    };
    await becomes(isThere, `stack ${this.name} ${status}`);
  }
}

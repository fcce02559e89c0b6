import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { Rest } from '../cloud/rest.js';
import { Stack } from './stack.js';

const TEMPLATE = fileURLToPath(new URL('../../../../test/openstack/application.yaml', import.meta.url));

/** Ids: of the group whose servers must not share a host, of those servers, and of the ones that may be scaled. */
export interface Parts {
  readonly group: string;
  readonly pair: readonly string[];
  readonly workers: readonly string[];
}

/** An application deployed and scaled by Heat. */
export class HeatApplication {
  private constructor(private readonly stack: Stack) {}

  /** @param parameters of `application.yaml` */
  static async deploy(tenant: Rest, parameters: object): Promise<HeatApplication> {
    return new HeatApplication(
      await Stack.create(tenant, 'application', parse(readFileSync(TEMPLATE, 'utf8')), parameters),
    );
  }

  /** Servers of the part that may be scaled; resolves when it is so. */
  scaleTo(count: number): Promise<void> {
    return this.stack.update({ worker_count: count });
  }

  async parts(): Promise<Parts> {
    return (await this.stack.outputs()) as unknown as Parts;
  }

  delete(): Promise<void> {
    return this.stack.delete();
  }
}

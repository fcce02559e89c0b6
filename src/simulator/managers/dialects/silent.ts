import { Manager, type ManagerParts } from '../manager.js';

/** Hears everything and never answers. */
export class SilentManager extends Manager {
  constructor(parts: ManagerParts) {
    super(parts);
    this.becomeCareless('It never answers.');
  }

  protected override async handle(): Promise<void> {}
}

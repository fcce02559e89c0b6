import { Manager } from '../manager.js';

/** Agrees to scale in, and keeps everything. */
export class GreedyManager extends Manager {
  protected override async scaleIn(): Promise<void> {}
}

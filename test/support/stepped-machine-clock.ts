import { SystemMachineClock } from '../../src/common/clock.js';

/** The machine's clock, that can be put ahead. */
export class SteppedMachineClock extends SystemMachineClock {
  aheadMs = 0;
  override monotonicMs(): number {
    return super.monotonicMs() + this.aheadMs;
  }
}

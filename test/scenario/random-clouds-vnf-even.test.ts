import test from 'ava';
import { firstSeed, LONG_MS, lastSeed, runClouds } from '../support/random-cloud/range.js';

test.serial(
  `vnf: random clouds ${firstSeed} to ${lastSeed}, the even ones, are maintained, or fail for a true reason`,
  (t) => {
    t.timeout(LONG_MS);
    return runClouds(t, 0, 'vnf');
  },
);

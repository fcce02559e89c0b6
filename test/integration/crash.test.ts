import { crashTest } from '../support/crash/matrix.js';

/* A few points of one scenario; "npm run test:crash" dies at all of them, in each scenario. */
crashTest('MIGRATE', { every: 37, seed: 22, whole: true });

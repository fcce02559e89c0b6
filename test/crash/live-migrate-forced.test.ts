import { crashTest } from '../support/crash/matrix.js';

crashTest('LIVE_MIGRATE that is forced');

import { crashTest } from '../support/crash/matrix.js';

crashTest('STOP_START');

import { crashTest } from '../support/crash/matrix.js';

crashTest('OWN_ACTION');

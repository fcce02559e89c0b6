import { crashTest } from '../support/crash/matrix.js';

crashTest('EVACUATE');

import { crashTest } from '../support/crash/matrix.js';

crashTest('abort with revert');

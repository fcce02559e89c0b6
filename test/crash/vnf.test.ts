import { crashTest } from '../support/crash/matrix.js';

crashTest('MIGRATE in vnf');

import { crashTest } from '../support/crash/matrix.js';

crashTest('MIGRATE in vnf');
crashTest('MIGRATE in vnf, its room held');

import { crashTest } from '../support/crash/matrix.js';

crashTest('host-scale, http-hook and reboot');

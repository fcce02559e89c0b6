import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A system of RPM packages of its own below a folder, with a repository; nothing of the machine's is read or changed.
 * {@link dnf} and {@link rpm} are how a host calls these programs so that they work there.
 */
export class RpmRoot {
  constructor(private readonly home: string) {
    for (const folder of ['repository', 'root']) mkdirSync(this.path(folder), { recursive: true });
    const own = ['cache', 'log', 'persist'].map((one) => `${one}dir=/${one}`);
    const repository = ['[test]', 'name=test', `baseurl=file://${this.path('repository')}`];
    const main = ['[main]', 'reposdir=/nowhere', 'gpgcheck=0', 'plugins=0', ...own];
    writeFileSync(this.path('dnf.conf'), [...main, ...repository, ''].join('\n'));
  }

  get dnf(): string {
    return `dnf --config=${this.path('dnf.conf')} --installroot=${this.path('root')} --releasever=9`;
  }

  get rpm(): string {
    return `rpm --root=${this.path('root')}`;
  }

  path(name: string): string {
    return join(this.home, name);
  }

  /** Builds it and offers it in the repository, beside what is there. @param script in Lua, run before it is installed */
  offer(version: string, script?: string, name = 'fenix-test-package'): void {
    const spec = [
      `Name: ${name}`,
      `Version: ${version}`,
      'Release: 1',
      'Summary: made by a test of Fenix',
      'License: Apache-2.0',
      'BuildArch: noarch',
      '%description',
      'made by a test of Fenix',
      ...(script === undefined ? [] : ['%pre -p <lua>', script]),
      '%files',
      '',
    ].join('\n');
    writeFileSync(this.path('package.spec'), spec);
    const folders = { _topdir: this.path('build'), _rpmdir: this.path('repository') };
    const defines = Object.entries(folders).flatMap(([macro, value]) => ['--define', `${macro} ${value}`]);
    must('rpmbuild', ['-bb', '--quiet', ...defines, this.path('package.spec')]);
    must('createrepo_c', ['-q', this.path('repository')]);
  }

  /** As an earlier administrator did. */
  install(version: string): void {
    this.offer(version);
    must('sh', ['-c', `${this.dnf} -y -q install fenix-test-package`]);
  }
}

function must(program: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
}

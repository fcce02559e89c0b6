import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ARCHITECTURE = 'all';

export interface TestPackage {
  readonly version: string;
  readonly name?: string;
  /** Its /etc/<name>.conf. */
  readonly conffile?: string;
  readonly postinst?: string;
  readonly depends?: string;
}

/**
 * A system of packages of its own below a folder: dpkg's database, apt's lists, a repository; nothing of the machine's is
 * read or changed. `env` leads Debian's programs there.
 */
export class PackageRoot {
  readonly env: Readonly<Record<string, string>>;
  private readonly repository: string;
  private built = 0;

  constructor(readonly root: string) {
    this.repository = join(root, 'repository');
    for (const folder of ['var/lib/dpkg/updates', 'var/lib/dpkg/info', 'etc', 'tmp', 'repository']) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    for (const folder of [
      'state/lists/partial',
      'cache/archives/partial',
      'etc/sources.list.d',
      'etc/apt.conf.d',
      'etc/preferences.d',
      'etc/trusted.gpg.d',
      'log',
    ]) {
      mkdirSync(join(root, 'apt', folder), { recursive: true });
    }
    this.file('var/lib/dpkg/status', '');
    this.file('apt/etc/sources.list', `deb [trusted=yes] file:${this.repository} ./\n`);
    this.file('repository/Packages', '');
    const force = ['script-chrootless', 'not-root'];
    const options = [`--root=${root}`, `--log=${root}/dpkg.log`, ...force.map((one) => `--force-${one}`)];
    this.file(
      'apt.conf',
      `Dir::State "${root}/apt/state"; Dir::State::status "${root}/var/lib/dpkg/status"; Dir::Cache "${root}/apt/cache";
Dir::Etc "${root}/apt/etc"; Dir::Log "${root}/apt/log"; APT::Sandbox::User ""; Acquire::Languages "none";
DPkg::Options { ${options.map((one) => `"${one}";`).join(' ')} };
`,
    );
    this.env = {
      APT_CONFIG: join(root, 'apt.conf'),
      DPKG_ROOT: root,
      DPKG_ADMINDIR: join(root, 'var/lib/dpkg'),
      DPKG_FORCE: force.join(','),
    };
  }

  path(name: string): string {
    return join(this.root, name);
  }

  file(name: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text, { mode });
  }

  /** Offers it in the repository, beside what is there. */
  offer({ name = 'fenix-test-package', version, conffile, postinst, depends }: TestPackage): string {
    const tree = `build-${this.built++}`;
    const control = [
      `Package: ${name}`,
      `Version: ${version}`,
      `Architecture: ${ARCHITECTURE}`,
      'Maintainer: Fenix tests <fenix@example.com>',
      ...(depends === undefined ? [] : [`Depends: ${depends}`]),
      'Description: made by a test of Fenix',
      '',
    ].join('\n');
    this.file(`${tree}/DEBIAN/control`, control);
    this.file(`${tree}/usr/share/${name}/version`, `${version}\n`);
    if (conffile !== undefined) {
      this.file(`${tree}/DEBIAN/conffiles`, `/etc/${name}.conf\n`);
      this.file(`${tree}/etc/${name}.conf`, conffile);
    }
    if (postinst !== undefined) this.file(`${tree}/DEBIAN/postinst`, `#!/bin/sh\nset -e\n${postinst}\n`, 0o755);
    const deb = `${name}_${version}.deb`;
    this.must('dpkg-deb', ['--root-owner-group', '--build', this.path(tree), join(this.repository, deb)]);
    const packed = readFileSync(join(this.repository, deb));
    const sha256 = createHash('sha256').update(packed).digest('hex');
    const { size } = statSync(join(this.repository, deb));
    appendFileSync(
      join(this.repository, 'Packages'),
      `${control.trimEnd()}\nFilename: ./${deb}\nSize: ${size}\nSHA256: ${sha256}\n\n`,
    );
    return join(this.repository, deb);
  }

  /** As an earlier administrator did. */
  install(given: TestPackage): void {
    this.must('dpkg', ['-i', this.offer(given)]);
  }

  hold(name: string): void {
    this.must('dpkg', ['--set-selections'], `${name} hold\n`);
  }

  version(name = 'fenix-test-package'): string {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query replaces it
    return this.must('dpkg-query', ['-W', '-f=${Version} ${db:Status-Status}', name]).trim();
  }

  private must(program: string, args: readonly string[], input = ''): string {
    const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, ...this.env };
    const { status, stdout, stderr } = spawnSync(program, args, { env, input, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  }
}

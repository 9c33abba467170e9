// A real sshd with machines of its own: what one of them is told to do runs in its login shell, and finds its folder at
// `HERE`, whichever it is.

import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { claimLoopback, run } from "../../edge/support.mjs";

const start = promisify(execFile);
const PORT = 21_022;

/** The folder of the machine on which a command runs: a descriptor that its login opens. */
export const HERE = "/dev/fd/7";

/** Where the programs of the system lie, which are not on every PATH. */
const SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin";

/** As root, sshd wants a user and a folder of the system, which this gives to it and its children alone. */
const AS_ROOT = `mount --bind "$1" /etc/passwd && mount -t tmpfs tmpfs /run && mkdir /run/sshd && shift && exec "$@"`;

/**
 * Each of `machines` (`{ name, home, shell }`) has an address and a key of its own, and the key's command is what its login
 * does. `bin` has an `ssh` that knows them; `connections(name)` counts who came.
 */
export async function startSshd(folder, machines) {
  const addresses = await Promise.all(machines.map(() => claimLoopback()));
  const in_ = (name) => path.join(folder, name);
  const key = (name) => start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", in_(name)]);
  await Promise.all(["host_key", ...machines.map(({ name }) => `key-${name}`)].map(key));
  const host = await readFile(in_("host_key.pub"), "utf8");
  const { username } = userInfo();
  const keys = [], hosts = [], known = [];
  for (const [at, { name, home, shell }] of machines.entries()) {
    const login = in_(`login-${name}`);
    const commands = `export HOME=${home} PATH=${home}/bin:$PATH\nexec 7<${home} ${shell} -c "$SSH_ORIGINAL_COMMAND"`;
    await writeFile(login, `#!/bin/sh\n${commands}\n`, { mode: 0o755 });
    keys.push(`restrict,command="${login}" ${await readFile(in_(`key-${name}.pub`), "utf8")}`);
    hosts.push(`Host ${name}\n  HostName ${addresses[at].host}\n  IdentityFile ${in_(`key-${name}`)}\n`);
    known.push(`[${addresses[at].host}]:${PORT} ${host}`);
  }
  await writeFile(in_("authorized_keys"), keys.join(""));
  await writeFile(in_("known_hosts"), known.join(""));
  const client = `Host nowhere\n  HostName 127.0.0.1\n  Port 1\n${hosts.join("")}Host *\n  Port ${PORT}\n  User ${username}
  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile ${in_("known_hosts")}\n  StrictHostKeyChecking yes\n`;
  await writeFile(in_("ssh_config"), client);
  const listen = addresses.map(({ host }) => `ListenAddress ${host}:${PORT}`).join("\n");
  await writeFile(in_("sshd_config"), `${listen}\nHostKey ${in_("host_key")}\nPidFile none\nAuthorizedKeysFile ${in_("authorized_keys")}
StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nLogLevel VERBOSE\n`);
  await mkdir(in_("bin"));
  const { stdout: ssh } = await start("/bin/sh", ["-c", "command -v ssh"]);
  await writeFile(in_("bin/ssh"), `#!/bin/sh\nexec ${ssh.trim()} -F ${in_("ssh_config")} "$@"\n`, { mode: 0o755 });

  const env = { PATH: `${process.env.PATH}:${SYSTEM}` };
  const { stdout: found } = await start("/bin/sh", ["-c", "command -v sshd"], { env });
  // It lists what is wrong with its configuration before it starts, and wants to be called by its whole path.
  let command = [found.trim(), "-D", "-e", "-f", in_("sshd_config")];
  if (process.getuid() === 0) {
    const users = await readFile("/etc/passwd", "utf8");
    await writeFile(in_("passwd"), `${users}${/^sshd:/m.test(users) ? "" : "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n"}`);
    command = ["unshare", "--mount", "sh", "-c", AS_ROOT, "sh", in_("passwd"), ...command];
  }
  const program = run(command[0], command.slice(1), env, 1);
  const lines = [];
  const listening = new Promise((resolve, reject) => {
    createInterface({ input: program.child.stderr }).on("line", (line) => {
      lines.push(line);
      if (lines.filter((one) => one.startsWith("Server listening on")).length === machines.length) resolve();
    });
    once(program.child, "exit").then(() => reject(new Error(`sshd ended:\n${lines.join("\n")}`)), reject);
  });
  await listening;
  return {
    bin: in_("bin"),
    /** How many connections to this machine there were. */
    connections: (name) => {
      const { host } = addresses[machines.findIndex((machine) => machine.name === name)];
      return lines.filter((line) => /^Connection from /.test(line) && line.includes(` on ${host} port `)).length;
    },
    stop: async () => {
      await program.stop();
      await Promise.all(addresses.map(({ release }) => release()));
    },
  };
}

// The order in which Prisma's command line takes migrations. As a program: sorts the JSON list on standard input.
import fs from 'node:fs'
import { pathToFileURL } from 'node:url'

export const byName = (one, other) => one.localeCompare(other)

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(JSON.stringify(JSON.parse(fs.readFileSync(0, 'utf8')).sort(byName)))
}

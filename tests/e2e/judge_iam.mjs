// Asks @cloud-copilot/iam-simulate: JSON lines of simulations in, a line each with "allowed", "explicitDeny" or
// "implicitDeny" out, or {"errors": …}.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(process.argv[2] + '/')
const { runSimulation } = await import(pathToFileURL(require.resolve('@cloud-copilot/iam-simulate')))
const decisions = { Allowed: 'allowed', ExplicitlyDenied: 'explicitDeny', ImplicitlyDenied: 'implicitDeny' }

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await runSimulation(JSON.parse(line), {})
  console.log(JSON.stringify(answer.overallResult ? decisions[answer.overallResult] : { errors: answer.errors ?? answer }))
}

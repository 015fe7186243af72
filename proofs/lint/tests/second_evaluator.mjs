// Decides requests with @cloud-copilot/iam-simulate, a second reading of how IAM evaluates policies.
// Standard input: {"policies": [statements], "requests": [[index of its policy, action, resource, context]]}.
// Standard output: for each request whether it is allowed.
import { createValidatedPolicy } from '@cloud-copilot/iam-policy';
import { runUnsafeSimulation } from '@cloud-copilot/iam-simulate';
import { readFileSync, writeFileSync } from 'node:fs';

const { policies, requests } = JSON.parse(readFileSync(0, 'utf8'));
const accountId = '123456789012';

// KMS asks the key's own policy first. This is the one that AWS gives a key: it leaves the decision to IAM.
const ofKey = createValidatedPolicy({ Version: '2012-10-17', Statement: [
    { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${accountId}:root` }, Action: 'kms:*', Resource: '*' }] }, () => [],
{ name: 'key' });

const allowed = ([policy, action, resource, contextVariables]) => {
    const request = { principal: `arn:aws:iam::${accountId}:role/own`, action, resource: { resource, accountId }, contextVariables };
    const identityPolicies = [{ name: 'own', policy: { Version: '2012-10-17', Statement: policies[policy] } }];
    const resourcePolicy = action.startsWith('kms:') ? ofKey : undefined;
    // "Unsafe" looks at no request's validity: many are made to be refused, also some that no client can make.
    return runUnsafeSimulation(
        { request, identityPolicies, resourcePolicy, serviceControlPolicies: [], resourceControlPolicies: [] }, {}) === 'Allowed';
};

writeFileSync(1, JSON.stringify(requests.map(allowed)));

export { isUnmodified } from './files/file-status.js';
export { initProject, removeFromProject } from './init.js';
export { type ProposedGate, proposeGates } from './plan/gate-proposal.js';
export { REPLACEABLE } from './plan/starter-plan.js';
export { designSetup, type Setup } from './setup.js';
export { surveyProject } from './survey/survey.js';

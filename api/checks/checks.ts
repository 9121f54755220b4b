/**
 * All checks of a deployment, in the order in which their findings are told: what it is, who is in
 * it, who gets the requests, what each graph does, and what its pods are.
 *
 * They see what the user wrote, before defaults, so that every path is one the user can find.
 *
 * Source: operator contract, 3; the rules have its numbers.
 */

import {
  abTestHasTwoChildren,
  childrenFitTheNode,
  explainerParametersAreJson,
  graphIsShallow,
  nodeIsCalled,
  nodeNamesAreUnique,
  parameterFitsType,
  serverHasImage,
} from "./advice.ts";
import { annotationsAreInPlace } from "./annotation-places.ts";
import { annotationsAreKnown, numbersAreNumbers, switchesAreSwitched } from "./annotations.ts";
import { builtInHasItsChildren, builtInParametersFit, ratioCounts } from "./built-ins.ts";
import type { Check, Finding, Subject } from "./check.ts";
import {
  endpointTypeFitsTransport,
  loggerHasMode,
  nodeDoesSomething,
  nodeHasContainer,
  oneEndpointType,
  serverHasModel,
  serverIsKnown,
  serverSpeaksTensorflow,
} from "./graph.ts";
import {
  deploymentIsNamed,
  isSeldonDeployment,
  labelsAreLabels,
  nodeContainerFitsLabel,
  nodeNameIsFree,
  nodeNameIsPlain,
  predictorIsNamed,
} from "./identity.ts";
import {
  ambassadorConfigIsRead,
  entriesAreEntries,
  headersAreHeaders,
  meshHasHost,
} from "./ingress.ts";
import {
  annotationKeysAreKeys,
  componentIsNamed,
  labelsAreFree,
  metricsAreWhole,
  progressHasTime,
  serverNamesItsContainer,
} from "./objects.ts";
import {
  containersAreNamed,
  containersHaveImages,
  disruptionBudgetHasOneBound,
  engineReplicasApply,
  keyedListsAreUnique,
  mountsHaveVolumes,
  nodesHaveOneContainer,
  oneScalerScales,
} from "./pods.ts";
import {
  deadFields,
  engineIsThere,
  kafkaHasItsVariables,
  noEngineHasOneNode,
  predictorNamesAreUnique,
  serviceNamesAreUnique,
} from "./predictors.ts";
import {
  loneTrafficIsAll,
  oneShadow,
  shadowTrafficInRange,
  someLivePredictor,
  somePredictor,
  trafficSumsToAll,
} from "./traffic.ts";
import { knownProtocol, knownServerType, knownTransport, knownWords } from "./words.ts";

const checks: readonly Check[] = [
  isSeldonDeployment,
  deploymentIsNamed,
  knownProtocol,
  knownTransport,
  knownServerType,
  numbersAreNumbers,
  switchesAreSwitched,
  annotationsAreKnown,
  annotationsAreInPlace,
  annotationKeysAreKeys,
  headersAreHeaders,
  ambassadorConfigIsRead,
  meshHasHost,
  entriesAreEntries,
  somePredictor,
  predictorIsNamed,
  predictorNamesAreUnique,
  serviceNamesAreUnique,
  labelsAreLabels,
  labelsAreFree,
  progressHasTime,
  kafkaHasItsVariables,
  deadFields,
  someLivePredictor,
  oneShadow,
  shadowTrafficInRange,
  trafficSumsToAll,
  loneTrafficIsAll,
  graphIsShallow,
  nodeHasContainer,
  nodeDoesSomething,
  nodeNamesAreUnique,
  nodeNameIsFree,
  nodeNameIsPlain,
  nodeContainerFitsLabel,
  serverNamesItsContainer,
  nodeIsCalled,
  serverHasModel,
  serverSpeaksTensorflow,
  serverIsKnown,
  serverHasImage,
  loggerHasMode,
  oneEndpointType,
  endpointTypeFitsTransport,
  noEngineHasOneNode,
  engineIsThere,
  knownWords,
  abTestHasTwoChildren,
  childrenFitTheNode,
  parameterFitsType,
  builtInParametersFit,
  builtInHasItsChildren,
  ratioCounts,
  explainerParametersAreJson,
  componentIsNamed,
  containersAreNamed,
  nodesHaveOneContainer,
  containersHaveImages,
  keyedListsAreUnique,
  mountsHaveVolumes,
  oneScalerScales,
  metricsAreWhole,
  disruptionBudgetHasOneBound,
  engineReplicasApply,
];

export const runChecks = (subject: Subject): readonly Finding[] =>
  checks.flatMap((check) => check(subject));

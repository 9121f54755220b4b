import type { FlagTable } from "../host/flags.ts";

/** v1's. Source: operator contract, 9.1. Where the environment says the same, the help names it. */
export const operatorFlags = {
  "metrics-addr": {
    kind: "string",
    default: ":8080",
    help: "address of /metrics, /live and /ready; 0 opens none",
  },
  "enable-leader-election": {
    kind: "bool",
    default: "false",
    help: "only the holder of a Lease changes the cluster; needed with more than one replica",
  },
  "leader-election-id": {
    kind: "string",
    default: "a33bd623.machinelearning.seldon.io",
    help: "name of the Lease; the default comes from LEADER_ELECTION_ID if it is set",
  },
  "leader-election-resource-lock": {
    kind: "string",
    default: "",
    help: "accepted; the lock is always a Lease",
  },
  "leader-election-lease-duration-secs": {
    kind: "int",
    default: "0",
    help: "how long others leave a silent leader alone; 0 means 15",
  },
  "leader-election-renew-deadline-secs": {
    kind: "int",
    default: "0",
    help: "how long a leader goes on without having renewed; 0 means 10",
  },
  "leader-election-retry-period-secs": {
    kind: "int",
    default: "0",
    help: "time between two tries; 0 means 2",
  },
  "webhook-port": { kind: "int", default: "443", help: "port of the validating webhook" },
  namespace: {
    kind: "string",
    default: "",
    help: "the one namespace to look at, empty for all; WATCH_NAMESPACE overrides it",
  },
  "operator-namespace": {
    kind: "string",
    default: "default",
    help: "where the operator runs; POD_NAMESPACE overrides it",
  },
  "create-resources": {
    kind: "bool",
    default: "false",
    help: "makes the webhook's configuration, Service and certificate",
  },
  debug: {
    kind: "bool",
    default: "false",
    help: "logs at level DEBUG; the default comes from SELDON_DEBUG",
  },
  "log-level": {
    kind: "string",
    default: "INFO",
    help: "DEBUG, INFO, WARNING, ERROR or FATAL; the default comes from SELDON_LOG_LEVEL if it is set",
  },
} as const satisfies FlagTable;

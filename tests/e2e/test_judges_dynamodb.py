"""DynamoDB of the local cloud against dynalite, whose answers were recorded from AWS: the same calls in the same order
go to both, and every answer is compared. Where they differ, AWS's documentation says which one is right."""

import json
import re
from dataclasses import dataclass

import boto3
import botocore.config
import botocore.exceptions
import pytest

from harness import judges
from harness.processes import ROOT, Process, clean_environment

JUDGES = ROOT / "build" / "judges-node"
SERVE = """
const server = require('dynalite')({createTableMs: 0, deleteTableMs: 0, updateTableMs: 0})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
"""


@dataclass
class Case:
    name: str
    operation: str
    given: dict


CASES: list[Case] = []
# Case → what AWS documents, where the judge does otherwise. A difference that is gone has to leave this list.
NAMED_TOKEN = "a syntax error names the token: 'Invalid ConditionExpression: Syntax error; token: …, near: …'"
DIFFERENCES = {
    "put of 33 levels": "'Nested attribute depth: 32 levels' (Quotas in Amazon DynamoDB)",
    "condition: equal maps": "'a = b: true if a is equal to b', whatever the type (Condition and filter expressions)",
    "refused: compared set": "LT takes String, Number and Binary, not a set (API reference: Condition)",
    "syntax: unfinished": NAMED_TOKEN, "syntax: twice": NAMED_TOKEN, "syntax: no bracket": NAMED_TOKEN,
    "syntax: extra": NAMED_TOKEN,
    "update: remove two ALL_NEW": "'REMOVE RelatedItems[1], RelatedItems[2]' takes what stood there before (Update "
                                  "expressions, Removing elements from a list)",
    "query: local index, fetched": "'you can request attributes that aren't projected: DynamoDB fetches them from the "
                                   "table' (Local secondary indexes)",
    "scan: consistent index": "'Strongly consistent reads are not supported on global secondary indexes' (API "
                              "reference: Scan)"}


def case(name: str, operation: str, **given):
    CASES.append(Case(name, operation, given))


def s(text: str) -> dict:
    return {"S": text}


def n(number) -> dict:
    return {"N": str(number)}


# --- Tables

PAIR = {"TableName": "pair", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in
                                 (("pk", "S"), ("sk", "N"), ("made", "S"), ("colour", "S"))],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "LocalSecondaryIndexes": [
            {"IndexName": "by_made", "Projection": {"ProjectionType": "KEYS_ONLY"}, "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "made", "KeyType": "RANGE"}]}],
        "GlobalSecondaryIndexes": [
            {"IndexName": "by_colour", "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["shape"]},
             "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"},
                           {"AttributeName": "sk", "KeyType": "RANGE"}]},
            {"IndexName": "whole", "Projection": {"ProjectionType": "ALL"},
             "KeySchema": [{"AttributeName": "colour", "KeyType": "HASH"}]}]}
ONE = {"TableName": "one", "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
       "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
       "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}}

case("create the pair", "create_table", **PAIR)
case("create one", "create_table", **ONE)
case("describe the pair", "describe_table", TableName="pair")
case("describe one", "describe_table", TableName="one")
case("list tables", "list_tables")
case("list the first table", "list_tables", Limit=1)
case("create without a key definition", "create_table", **{**ONE, "TableName": "bad", "AttributeDefinitions": [
    {"AttributeName": "other", "AttributeType": "S"}]})
case("create with a definition too many", "create_table", **{**ONE, "TableName": "bad", "AttributeDefinitions": [
    {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "other", "AttributeType": "S"}]})
case("create with a range key first", "create_table", **{**ONE, "TableName": "bad", "KeySchema": [
    {"AttributeName": "pk", "KeyType": "RANGE"}]})
case("create without throughput", "create_table", **{**ONE, "TableName": "bad", "ProvisionedThroughput": None})
case("create on demand with throughput", "create_table", **{**ONE, "TableName": "bad",
                                                            "BillingMode": "PAY_PER_REQUEST"})
case("create with a local index and no range", "create_table", **{**ONE, "TableName": "bad", "LocalSecondaryIndexes": [
    {"IndexName": "index", "Projection": {"ProjectionType": "ALL"},
     "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}]})
case("create with no projection type", "create_table", **{**PAIR, "TableName": "bad", "GlobalSecondaryIndexes": [
    {**PAIR["GlobalSecondaryIndexes"][0], "Projection": {}}]})
case("create with attributes beside ALL", "create_table", **{**PAIR, "TableName": "bad", "GlobalSecondaryIndexes": [
    {**PAIR["GlobalSecondaryIndexes"][0], "Projection": {"ProjectionType": "ALL", "NonKeyAttributes": ["a"]}}]})
case("create with one index twice", "create_table", **{**PAIR, "TableName": "bad", "GlobalSecondaryIndexes": [
    PAIR["GlobalSecondaryIndexes"][0], PAIR["GlobalSecondaryIndexes"][0]]})
case("create with a foreign leading key", "create_table", **{**PAIR, "TableName": "bad", "LocalSecondaryIndexes": [
    {**PAIR["LocalSecondaryIndexes"][0], "KeySchema": [
        {"AttributeName": "made", "KeyType": "HASH"}, {"AttributeName": "pk", "KeyType": "RANGE"}]}]})
case("describe nothing", "describe_table", TableName="nothing")
case("delete nothing", "delete_table", TableName="nothing")

# --- Items

WHOLE = {"pk": s("whole"), "text": s("ä"), "n": n("1.50"), "big": n("1E20"), "bytes": {"B": b"\0\xff"},
         "no": {"BOOL": False}, "nothing": {"NULL": True}, "list": {"L": [s("a"), n(1), {"M": {"deep": s("x")}}]},
         "map": {"M": {"k": s("v"), "n": n(2)}}, "texts": {"SS": ["a", "b"]}, "numbers": {"NS": ["1", "2.50"]},
         "blobs": {"BS": [b"a", b"b"]}, "empty": s("")}

case("put whole", "put_item", TableName="one", Item=WHOLE, ReturnConsumedCapacity="TOTAL")
case("get whole", "get_item", TableName="one", Key={"pk": s("whole")}, ReturnConsumedCapacity="TOTAL")
case("get consistently", "get_item", TableName="one", Key={"pk": s("whole")}, ConsistentRead=True,
     ReturnConsumedCapacity="INDEXES")
case("get nothing", "get_item", TableName="one", Key={"pk": s("no")}, ReturnConsumedCapacity="TOTAL")
case("get parts", "get_item", TableName="one", Key={"pk": s("whole")},
     ProjectionExpression="#m.k, #l[1], #l[2].deep, lost", ExpressionAttributeNames={"#m": "map", "#l": "list"})
case("put again for the old", "put_item", TableName="one", Item={"pk": s("old"), "v": n(1)}, ReturnValues="ALL_OLD")
case("put over the old", "put_item", TableName="one", Item={"pk": s("old"), "v": n(2)}, ReturnValues="ALL_OLD",
     ReturnConsumedCapacity="INDEXES")
case("put for the new", "put_item", TableName="one", Item={"pk": s("old")}, ReturnValues="ALL_NEW")
case("delete for the old", "delete_item", TableName="one", Key={"pk": s("old")}, ReturnValues="ALL_OLD",
     ReturnConsumedCapacity="TOTAL")
case("delete again", "delete_item", TableName="one", Key={"pk": s("old")}, ReturnValues="ALL_OLD")
case("put a large one", "put_item", TableName="one", Item={"pk": s("large"), "v": s("x" * 5000)},
     ReturnConsumedCapacity="TOTAL")
case("get the large one", "get_item", TableName="one", Key={"pk": s("large")}, ReturnConsumedCapacity="TOTAL")
case("put too large", "put_item", TableName="one", Item={"pk": s("large"), "v": s("x" * 400 * 1024)})
case("put no key", "put_item", TableName="one", Item={"v": s("x")})
case("put a wrong key", "put_item", TableName="one", Item={"pk": n(1)})
case("put an empty key", "put_item", TableName="one", Item={"pk": s("")})
case("get an empty key", "get_item", TableName="one", Key={"pk": s("")})
case("get a wrong key", "get_item", TableName="one", Key={"pk": n(1)})
case("get a key too many", "get_item", TableName="one", Key={"pk": s("a"), "sk": n(1)})
case("put a long key", "put_item", TableName="one", Item={"pk": s("x" * 2049)})
case("put a wrong index key", "put_item", TableName="pair", Item={"pk": s("a"), "sk": n(1), "colour": n(1)})
case("put an empty set", "put_item", TableName="one", Item={"pk": s("a"), "v": {"SS": []}})
case("put a double set", "put_item", TableName="one", Item={"pk": s("a"), "v": {"SS": ["x", "x"]}})
case("put a double number set", "put_item", TableName="one", Item={"pk": s("a"), "v": {"NS": ["1", "1.0"]}})
case("put no type", "put_item", TableName="one", Item={"pk": s("a"), "v": {}})
case("put two types", "put_item", TableName="one", Item={"pk": s("a"), "v": {"S": "a", "N": "1"}})
case("put null false", "put_item", TableName="one", Item={"pk": s("a"), "v": {"NULL": False}})
case("put no number", "put_item", TableName="one", Item={"pk": s("a"), "v": n("abc")})
case("put an empty number", "put_item", TableName="one", Item={"pk": s("a"), "v": n("")})
case("put too many digits", "put_item", TableName="one", Item={"pk": s("a"), "v": n("1" * 39)})
case("put too great a number", "put_item", TableName="one", Item={"pk": s("a"), "v": n("1E126")})
case("put too small a number", "put_item", TableName="one", Item={"pk": s("a"), "v": n("1E-131")})
case("put numbers of the edge", "put_item", TableName="one", Item={"pk": s("edge"), "v": {"L": [
    n("1E125"), n("1E-130"), n("-0"), n("00012.500"), n("1" * 38), n("-1.5E-3")]}})
case("get numbers of the edge", "get_item", TableName="one", Key={"pk": s("edge")})


def nested(levels: int) -> dict:
    value = s("bottom")
    for level in range(levels):
        value = {"L": [value]} if level % 2 else {"M": {"m": value}}
    return value


case("put of 32 levels", "put_item", TableName="one", Item={"pk": s("deep"), "v": nested(31)})
case("get of 32 levels", "get_item", TableName="one", Key={"pk": s("deep")})
case("put of 33 levels", "put_item", TableName="one", Item={"pk": s("deep"), "v": nested(32)})
case("put a double binary set", "put_item", TableName="one", Item={"pk": s("a"), "v": {"BS": [b"x", b"x"]}})
case("put of just 400 KB", "put_item", TableName="one", Item={"pk": s("k"), "v": s("x" * (400 * 1024 - 4))},
     ReturnConsumedCapacity="TOTAL")
case("put of a byte more", "put_item", TableName="one", Item={"pk": s("k"), "v": s("x" * (400 * 1024 - 3))})
for number in ("0", "7", "-7", "10", "12", "123", "-123.5", "0.01", "0.001", "1E20", "12345678901234567890"):
    # A kilobyte if the number has the size that it has for the judge.
    for room in range(1008, 1024, 2):
        case(f"size of {number} with {room}", "put_item", TableName="one", ReturnConsumedCapacity="TOTAL",
             Item={"pk": s("k"), "v": s("x" * (room - 4)), "n": n(number), "bytes": {"B": b"12345"}})
case("size of a document", "put_item", TableName="one", ReturnConsumedCapacity="TOTAL", Item={
    "pk": s("k"), "v": s("x" * 960), "m": {"M": {"a": {"L": [n(1), s("ab"), {"NULL": True}]}, "b": {"BOOL": True}}},
    "set": {"NS": ["1", "22", "333"]}, "blobs": {"BS": [b"a", b"bcd"]}})
case("put into nothing", "put_item", TableName="nothing", Item={"pk": s("a")})

# --- Conditions

CONDITIONS = {
    "exists": "attribute_exists(pk)", "exists not": "attribute_not_exists(pk)",
    "type": "attribute_type(#l, :L)", "begins": "begins_with(#t, :ae)", "contains text": "contains(#t, :ae)",
    "contains member": "contains(texts, :a)", "contains element": "contains(#l, :one)",
    "contains nothing": "contains(#m, :a)", "size of text": "size(#t) = :one",
    "size of list": "size(#l) = :three", "size of map": "size(#m) = :two", "size of set": "size(texts) = :two",
    "size of bytes": "size(#b) = :two", "between": "n BETWEEN :one AND :two", "in": "n IN (:two, :x)",
    "in equal": "n IN (:two, :onefive)", "equal": "n = :onefive", "not equal": "n <> :onefive", "less": "n < :two",
    "other type": "n < :a", "missing": "lost = :a", "missing differs": "lost <> :a", "not": "NOT n = :two",
    "and or": "n = :two OR n = :onefive AND #m.k = :v", "parentheses": "(n = :two OR n = :onefive) AND #m.k = :a",
    "path": "#l[2].deep = :x", "no element": "#l[9] = :x", "path to path": "n = #m.n",
    "equal sets": "texts = :set", "equal maps": "#m = :map", "size of missing": "size(lost) > :one",
}
NAMES = {"#l": "list", "#m": "map", "#t": "text", "#b": "bytes"}
VALUES = {":L": s("L"), ":ae": s("ä"), ":a": s("a"), ":one": n(1), ":two": n(2), ":three": n(3), ":x": s("x"),
          ":onefive": n(1.5), ":v": s("v"), ":set": {"SS": ["b", "a"]}, ":map": {"M": {"n": n("2.0"), "k": s("v")}}}


def used(text: str, known: dict) -> dict:
    return {name: value for name, value in known.items() if re.search(re.escape(name) + r"(?![A-Za-z0-9_])", text)}


def expressions(**texts: str) -> dict:
    """The expressions with the placeholders that they use."""
    whole = " ".join(texts.values())
    more = {"ExpressionAttributeNames": used(whole, NAMES), "ExpressionAttributeValues": used(whole, VALUES)}
    return {**texts, **{name: value for name, value in more.items() if value}}


for name, text in CONDITIONS.items():
    case(f"condition: {name}", "delete_item", TableName="one", Key={"pk": s("whole")}, ReturnValues="ALL_OLD",
         **expressions(ConditionExpression=text))
    case(f"put back after: {name}", "put_item", TableName="one", Item=WHOLE)

REFUSED = {
    "reserved": "session = :a", "undefined value": "n = :undefined", "undefined name": "#undefined = :a",
    "no function": "exists(n)", "operands": "attribute_exists(n, pk)", "one operand": "contains(n)",
    "no path": "attribute_exists(:a)", "begins number": "begins_with(n, :one)",
    "type of a number": "attribute_type(n, :one)",
    "unknown type": "attribute_type(n, :a)", "between types": "n BETWEEN :one AND :a",
    "between upside down": "n BETWEEN :two AND :one", "redundant": "((n = :one))", "same": "n = n",
    "misused": "contains(n, :a) = :a", "size alone": "size(n)", "size of a number": "size(:one) = :one",
    "name that begins low": "_a = :a", "capital word": "Session = :a", "capital function": "SIZE(n) = :one",
    "two paths": "begins_with(n, n)", "in a list": "NOT contains(n, n)",
    "nested unknown": "NOT (exists(n) AND n = :one)",
    "compared set": "n < :set", "reserved and undefined": "session = :undefined",
}
for name, text in REFUSED.items():
    case(f"refused: {name}", "put_item", TableName="one", Item={"pk": s("never")},
         **expressions(ConditionExpression=text))
for name, text in {"empty": "", "unfinished": "n = ", "twice": "n == :a", "no bracket": "(n = :a",
                   "extra": "n = :a b"}.items():
    case(f"syntax: {name}", "put_item", TableName="one", Item={"pk": s("never")},
         **expressions(ConditionExpression=text))
case("values unused", "put_item", TableName="one", Item={"pk": s("a")}, ConditionExpression="attribute_exists(pk)",
     ExpressionAttributeValues={":a": s("a")})
case("names unused", "put_item", TableName="one", Item={"pk": s("a")}, ConditionExpression="attribute_exists(pk)",
     ExpressionAttributeNames={"#a": "a"})
case("values without expression", "put_item", TableName="one", Item={"pk": s("a")},
     ExpressionAttributeValues={":a": s("a")})
case("names without expression", "put_item", TableName="one", Item={"pk": s("a")},
     ExpressionAttributeNames={"#a": "a"})
case("no values", "put_item", TableName="one", Item={"pk": s("a")}, ConditionExpression="attribute_exists(pk)",
     ExpressionAttributeValues={})
case("bad name", "put_item", TableName="one", Item={"pk": s("a")}, ConditionExpression="attribute_exists(pk)",
     ExpressionAttributeNames={"a": "a"})
case("bad value", "put_item", TableName="one", Item={"pk": s("a")}, ConditionExpression="pk = :a",
     ExpressionAttributeValues={":a": n("x")})

# --- Updates

START = {"pk": s("up"), "n": n(5), "text": s("t"), "list": {"L": [s("a"), s("b"), s("c")]},
         "map": {"M": {"k": s("v"), "n": n(2)}}, "texts": {"SS": ["a", "b"]}, "numbers": {"NS": ["1", "2"]}}
VALUES.update({":list": {"L": [s("z")]}, ":c": {"SS": ["c"]}, ":ab": {"SS": ["a", "b"]}, ":ns": {"NS": ["2", "3"]}})
UPDATES = {
    "set": "SET n = :one, fresh = :a", "arithmetic": "SET n = n + :two", "minus": "SET n = :one - n",
    "if there": "SET n = if_not_exists(n, :one), m = if_not_exists(m, :one)",
    "append": "SET #l = list_append(#l, :list)",
    "prepend": "SET #l = list_append(:list, #l)", "both": "SET fresh = list_append(if_not_exists(lost, :list), :list)",
    "element": "SET #l[1] = :x", "past the end": "SET #l[9] = :x", "in map": "SET #m.k = :x, #m.z = :one",
    "add": "ADD n :two", "add new": "ADD fresh :two", "add to set": "ADD texts :c", "add set": "ADD more :c",
    "add numbers": "ADD numbers :ns", "add in map": "ADD #m.n :two", "delete": "DELETE texts :a1",
    "delete all": "DELETE texts :ab", "delete nothing": "DELETE lost :ab", "remove": "REMOVE n, #m.k, #l[0]",
    "remove two": "REMOVE #l[0], #l[2]", "all": "SET n = :one REMOVE #t ADD numbers :ns DELETE texts :ab",
    "old values": "SET n = :one, fresh = n", "case": "set n = :one remove #t", "from path": "SET fresh = #m",
    "remove lost": "REMOVE lost", "sum of two": "SET fresh = n + #m.n",
}
VALUES[":a1"] = {"SS": ["a"]}
for name, text in UPDATES.items():
    for wanted in ("ALL_NEW",) if name != "all" else ("ALL_NEW", "ALL_OLD", "UPDATED_NEW", "UPDATED_OLD", "NONE"):
        case(f"start of: {name} {wanted}", "put_item", TableName="one", Item=START)
        case(f"update: {name} {wanted}", "update_item", TableName="one", Key={"pk": s("up")}, ReturnValues=wanted,
             **expressions(UpdateExpression=text))
case("start of the parts", "put_item", TableName="one", Item=START)
case("updated old parts", "update_item", TableName="one", Key={"pk": s("up")}, ReturnValues="UPDATED_OLD",
     **expressions(UpdateExpression="SET #m.k = :a, #l[1] = :a, fresh = :a"))
case("updated new parts", "update_item", TableName="one", Key={"pk": s("up")}, ReturnValues="UPDATED_NEW",
     **expressions(UpdateExpression="SET #m.k = :x, #l[1] = :x, fresh = :x"))
case("update of nothing", "update_item", TableName="one", Key={"pk": s("fresh")}, ReturnValues="ALL_NEW",
     ReturnConsumedCapacity="TOTAL", **expressions(UpdateExpression="SET n = :one"))
case("update without expression", "update_item", TableName="one", Key={"pk": s("bare")}, ReturnValues="ALL_NEW")
case("update if", "update_item", TableName="one", Key={"pk": s("up")},
     **expressions(UpdateExpression="SET n = :one", ConditionExpression="n = :three"))
BAD_UPDATES = {
    "lost": "SET n = lost", "lost parent": "SET lost.a = :one", "text plus": "SET n = #t + :one",
    "overlap": "SET n = :one, n = :two", "overlap below": "SET #m = :one REMOVE #m.k",
    "conflict": "SET #m.k = :one, #m[0] = :two",
    "twice": "SET n = :one SET #t = :a", "add text": "ADD n :a", "add to text": "ADD #t :one",
    "delete number": "DELETE n :one",
    "delete from text": "DELETE #t :ab", "key": "SET pk = :a", "remove key": "REMOVE pk", "function": "SET n = size(n)",
    "one operand": "SET n = if_not_exists(n)", "no path": "SET n = if_not_exists(:a, :one)",
    "append text": "SET #l = list_append(#l, :a)", "append to text": "SET #l = list_append(#t, :list)",
    "list of a number": "SET #l = list_append(#l, n)", "three operands": "SET n = if_not_exists(n, :one, :two)",
    "minus text": "SET n = n - :a", "nested lost": "SET n = if_not_exists(lost, gone)",
    "add to lost": "ADD lost.a :one",
    "add constants": "SET n = :one + :a", "reserved": "SET session = :one", "undefined": "SET n = :undefined",
    "element of a map": "SET #m[0] = :one", "element of nothing": "REMOVE lost[0]",
}
for name, text in BAD_UPDATES.items():
    case(f"bad update: {name}", "update_item", TableName="one", Key={"pk": s("up")},
         **expressions(UpdateExpression=text))
case("update of an index key to another type", "update_item", TableName="pair", Key={"pk": s("a"), "sk": n(1)},
     **expressions(UpdateExpression="SET colour = :one"))

# --- Query and Scan

for number in (10, 9, 2, -1, 100):
    item = {"pk": s("p"), "sk": n(number), "made": s(f"2026-{number + 10:03}"), "text": s("t" * (number % 5)),
            "shape": s("round"), "colour": s("red" if number % 2 else "blue")}
    if number == 9:
        del item["made"], item["colour"]
    case(f"put {number}", "put_item", TableName="pair", Item=item)
case("put another", "put_item", TableName="pair", Item={"pk": s("q"), "sk": n(1), "colour": s("red"), "extra": s("e")})
VALUES.update({":p": s("p"), ":q": s("q"), ":ten": n(10), ":red": s("red"), ":none": s("none"), ":m2026": s("2026-0"),
               ":tt": s("tt")})


def query(name: str, condition: str, filter: str | None = None, project: str | None = None, **more):
    texts = {"KeyConditionExpression": condition}
    if filter:
        texts["FilterExpression"] = filter
    if project:
        texts["ProjectionExpression"] = project
    case(f"query: {name}", "query", TableName="pair", **expressions(**texts), **more)


for name, condition in {"partition": "pk = :p", "turned": ":p = pk", "equal": "pk = :p AND sk = :ten",
                        "less": "pk = :p AND sk < :ten",
                        "at most": "pk = :p AND sk <= :ten", "greater": "pk = :p AND sk > :two",
                        "at least": "sk >= :two AND pk = :p", "between": "pk = :p AND sk BETWEEN :two AND :ten",
                        "turned sort": "pk = :p AND :two < sk", "nobody": "pk = :none"}.items():
    query(name, condition, ReturnConsumedCapacity="TOTAL")
query("backwards", "pk = :p", ScanIndexForward=False, Limit=2)
query("filter", "pk = :p", filter="begins_with(#t, :tt)")
query("count", "pk = :p", Select="COUNT")
query("projection", "pk = :p", project="sk, #t")
query("limit", "pk = :p", Limit=2)
query("exactly the limit", "pk = :p", Limit=5)
query("start", "pk = :p", Limit=2, ExclusiveStartKey={"pk": s("p"), "sk": n(2)})
query("start where nothing is", "pk = :p", ExclusiveStartKey={"pk": s("p"), "sk": n(3)})
query("start backwards", "pk = :p", ScanIndexForward=False, ExclusiveStartKey={"pk": s("p"), "sk": n(9)})
query("local index", "pk = :p", IndexName="by_made", ReturnConsumedCapacity="INDEXES")
query("local index in order", "pk = :p AND begins_with(made, :m2026)", IndexName="by_made", ScanIndexForward=False)
query("local index, all", "pk = :p", IndexName="by_made", Select="ALL_ATTRIBUTES")
query("local index, fetched", "pk = :p", IndexName="by_made", project="shape")
query("local index, page", "pk = :p", IndexName="by_made", Limit=1)
query("global index", "colour = :red", IndexName="by_colour", ReturnConsumedCapacity="INDEXES")
query("global index, sorted", "colour = :red AND sk > :two", IndexName="by_colour")
query("global index, page", "colour = :red", IndexName="by_colour", Limit=1)
query("global index, next page", "colour = :red", IndexName="by_colour",
      ExclusiveStartKey={"pk": s("p"), "sk": n(-1), "colour": s("red")})
query("global index, consistent", "colour = :red", IndexName="by_colour", ConsistentRead=True)
query("global index, all", "colour = :red", IndexName="by_colour", Select="ALL_ATTRIBUTES")
query("global index, whole", "colour = :red", IndexName="whole", Select="ALL_PROJECTED_ATTRIBUTES", filter="sk = :one")
query("global index, unknown", "colour = :red", IndexName="nothing")
query("wrong operator", "pk > :p")
query("wrong type", "pk = :one")
query("no partition", "sk = :one")
query("other attribute", "pk = :p AND other = :one")
query("or", "pk = :p OR pk = :q")
query("not equal", "pk = :p AND sk <> :one")
query("in", "pk = :p AND sk IN (:one, :two)")
query("exists", "pk = :p AND attribute_exists(sk)")
query("twice", "pk = :p AND sk > :one AND sk < :two")
query("nested", "pk = :p AND sk.a = :one")
query("size", "pk = :p AND size(sk) = :one")
query("filter by key", "pk = :p", filter="sk = :one")
query("start of a wrong shape", "pk = :p", ExclusiveStartKey={"pk": s("p")})
query("start of another partition", "pk = :p", ExclusiveStartKey={"pk": s("q"), "sk": n(1)})
query("start outside", "pk = :p AND sk > :ten", ExclusiveStartKey={"pk": s("p"), "sk": n(2)})
query("limit zero", "pk = :p", Limit=0)
case("query: no condition", "query", TableName="pair")

case("scan: all", "scan", TableName="pair", ReturnConsumedCapacity="TOTAL")
case("scan: filter", "scan", TableName="pair", **expressions(FilterExpression="sk > :two AND attribute_exists(colour)"))
case("scan: count", "scan", TableName="pair", Select="COUNT")
case("scan: index", "scan", TableName="pair", IndexName="by_colour")
case("scan: index keys", "scan", TableName="pair", IndexName="by_made")
case("scan: projection", "scan", TableName="pair", ProjectionExpression="pk, sk")
case("scan: segment without total", "scan", TableName="pair", Segment=1)
case("scan: total without segment", "scan", TableName="pair", TotalSegments=2)
case("scan: segment too high", "scan", TableName="pair", Segment=2, TotalSegments=2)
case("scan: unknown index", "scan", TableName="pair", IndexName="nothing")
case("scan: consistent index", "scan", TableName="pair", IndexName="whole", ConsistentRead=True)

# --- Batches

case("batch write", "batch_write_item", RequestItems={"one": [
    {"PutRequest": {"Item": {"pk": s(f"batch {i}"), "v": n(i)}}} for i in range(5)] + [
    {"DeleteRequest": {"Key": {"pk": s("fresh")}}}]}, ReturnConsumedCapacity="TOTAL")
case("batch get", "batch_get_item", RequestItems={
    "one": {"Keys": [{"pk": s(f"batch {i}")} for i in range(7)]},
    "pair": {"Keys": [{"pk": s("p"), "sk": n(2)}], "ProjectionExpression": "sk, shape", "ConsistentRead": True}},
     ReturnConsumedCapacity="TOTAL")
case("batch write: twice", "batch_write_item", RequestItems={"one": [
    {"PutRequest": {"Item": {"pk": s("a")}}}, {"DeleteRequest": {"Key": {"pk": s("a")}}}]})
case("batch write: neither", "batch_write_item", RequestItems={"one": [{}]})
case("batch write: wrong key", "batch_write_item", RequestItems={"one": [{"PutRequest": {"Item": {"v": s("a")}}}]})
case("batch write: no table", "batch_write_item", RequestItems={"nothing": [
    {"PutRequest": {"Item": {"pk": s("a")}}}]})
case("batch write: nothing", "batch_write_item", RequestItems={})
case("batch get: twice", "batch_get_item", RequestItems={"one": {"Keys": [{"pk": s("a")}, {"pk": s("a")}]}})
case("batch get: wrong key", "batch_get_item", RequestItems={"one": {"Keys": [{"sk": s("a")}]}})
case("batch get: no table", "batch_get_item", RequestItems={"nothing": {"Keys": [{"pk": s("a")}]}})
case("batch get: too many", "batch_get_item", RequestItems={
    "one": {"Keys": [{"pk": s(str(i))} for i in range(60)]},
    "pair": {"Keys": [{"pk": s("x"), "sk": n(i)} for i in range(60)]}})

# --- Changes of tables

case("update throughput", "update_table", TableName="one",
     ProvisionedThroughput={"ReadCapacityUnits": 6, "WriteCapacityUnits": 5})
case("update to the same", "update_table", TableName="one",
     ProvisionedThroughput={"ReadCapacityUnits": 6, "WriteCapacityUnits": 5})
case("update nothing", "update_table", TableName="one")
case("update throughput on demand", "update_table", TableName="pair",
     ProvisionedThroughput={"ReadCapacityUnits": 6, "WriteCapacityUnits": 5})
case("update to provisioned without units", "update_table", TableName="pair", BillingMode="PROVISIONED")
case("update to provisioned without an index's units", "update_table", TableName="pair", BillingMode="PROVISIONED",
     ProvisionedThroughput={"ReadCapacityUnits": 6, "WriteCapacityUnits": 5})
case("update no table", "update_table", TableName="nothing", BillingMode="PAY_PER_REQUEST")
case("describe time to live", "describe_time_to_live", TableName="one")
case("describe no time to live", "describe_time_to_live", TableName="nothing")
case("delete one", "delete_table", TableName="one")
case("get from a table that is gone", "get_item", TableName="one", Key={"pk": s("a")})


# --- Both sides

# What depends on the account and the moment, or is newer than the judge (DeletionProtectionEnabled).
PASSING = {"ResponseMetadata", "ItemCount", "DeletionProtectionEnabled",
           "CreationDateTime", "TableId", "TableArn", "IndexArn", "LastIncreaseDateTime",
           "LastDecreaseDateTime", "LastUpdateToPayPerRequestDateTime", "TableStatus", "IndexStatus", "TableSizeBytes",
           "IndexSizeBytes"}
SETS = {"SS", "NS", "BS"}


def without_moment(value, key: str = ""):
    if isinstance(value, dict):
        return {name: without_moment(one, name) for name, one in value.items() if name not in PASSING}
    if isinstance(value, list):
        return sorted(value) if key in SETS else [without_moment(one) for one in value]
    return value


def differences(ours, theirs, path: str = "") -> list[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [one for name in sorted({*ours, *theirs})
                for one in differences(ours.get(name), theirs.get(name), f"{path}/{name}")]
    return [] if ours == theirs else [f"{path}: {ours!r}, the judge: {theirs!r}"]


def in_any_order(answer: dict) -> dict:
    """Scans and batches promise no order."""
    def by_text(items: list) -> list:
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True, default=repr))

    if "Items" in answer:
        answer["Items"] = by_text(answer["Items"])
    for table, items in answer.get("Responses", {}).items():
        answer["Responses"][table] = by_text(items)
    if isinstance(answer.get("ConsumedCapacity"), list):
        answer["ConsumedCapacity"] = by_text(answer["ConsumedCapacity"])
    return answer


def answer_of(client, one: Case) -> dict:
    given = {name: value for name, value in one.given.items() if value is not None}
    try:
        answer = without_moment(getattr(client, one.operation)(**given))
    except botocore.exceptions.ClientError as error:
        return {"code": error.response["Error"]["Code"], "message": error.response["Error"].get("Message", ""),
                "status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
    return answer if one.operation == "query" else in_any_order(answer)


@pytest.fixture(scope="module")
def answers(cloud, module_path, module_processes) -> dict[str, tuple[dict, dict]]:
    """Case → our answer and the judge's."""
    node = judges.program("dynalite (no Node.js)", "node")
    if not (JUDGES / "node_modules" / "dynalite").exists():
        pytest.skip("SKIPPED JUDGE: dynalite (scripts/judges installs it)")
    judge = Process([node, "-e", SERVE], clean_environment(module_path / "home"), cwd=JUDGES)
    port = judge.wait_for_line(str.isdigit, "the judge's port")
    config = botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1}, proxies={})
    theirs = boto3.client("dynamodb", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
                          aws_access_key_id="a", aws_secret_access_key="b", config=config)
    ours = cloud.client("dynamodb", parameter_validation=False)
    both = {}
    for one in CASES:
        assert one.name not in both, f"two cases are called {one.name}"
        both[one.name] = answer_of(ours, one), answer_of(theirs, one)
        if one.operation == "create_table" and "TableDescription" in both[one.name][1]:
            theirs.get_waiter("table_exists").wait(TableName=one.given["TableName"], WaiterConfig={"Delay": 0.02})
    return both


@pytest.mark.parametrize("name", [one.name for one in CASES])
def test_answers_as_the_judge_does(answers, name):
    found = differences(*answers[name])
    assert bool(found) == (name in DIFFERENCES), "\n".join(found) or "this is no difference any more"

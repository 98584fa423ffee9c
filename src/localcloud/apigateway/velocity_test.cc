#include "localcloud/apigateway/velocity.h"

#include <gtest/gtest.h>

#include "localcloud/apigateway/velocity_values.h"

namespace localcloud {
namespace {

TemplateScope scope() {
  TemplateScope made;
  made.context = {{"connectionId", "abc="}, {"identity", {{"sourceIp", "1.2.3.4"}}}};
  made.body = R"({"name":"O'Neil \"x\"","age":7,"tags":["a","b"],"deep":{"list":[{"id":1},{"id":2}]},"none":null})";
  made.params = {{"path", {{"id", "p1"}}}, {"querystring", {{"q", "a b"}}}, {"header", {{"X-Own", "h"}}}};
  made.stage_variables = {{"color", "red"}};
  return made;
}

std::string rendered(std::string_view text) {
  auto parsed = MappingTemplate::parse(text);
  if (!parsed) return "refused: " + parsed.error().message;
  auto made = parsed->render(scope());
  return made ? made->text : "failed: " + made.error().message;
}

TEST(Velocity, RendersReferences) {
  EXPECT_EQ(rendered("$context.connectionId, ${context.identity.sourceIp}. $5 $"), "abc=, 1.2.3.4. $5 $");
  EXPECT_EQ(rendered("[$context.messageId][$!context.authorizer.x]"), "[][]");
  EXPECT_EQ(rendered("$stageVariables.color ${stageVariables['color']} $stageVariables.get('other')"), "red red ");
}

TEST(Velocity, ReadsTheInput) {
  EXPECT_EQ(rendered("$input.json('$.age') $input.json('$.tags') $input.path('$.name')"), R"(7 ["a","b"] O'Neil "x")");
  EXPECT_EQ(rendered("$input.params('id') $input.params('q') $input.params('x-own') <$input.params('no')>"),
            "p1 a b h <>");
  EXPECT_EQ(rendered("$input.params().header.get('X-Own') $input.params().path.id"), "h p1");
  EXPECT_EQ(rendered("$input.path('$.deep.list[1].id') $input.json('$.deep.list[*].id')"), "2 [1,2]");
  EXPECT_EQ(rendered("$input.path('$.none')$input.path('$.nothing.more')"), "");
  EXPECT_EQ(rendered("$input.params()"), "{path={id=p1}, querystring={q=a b}, header={X-Own=h}}");
}

TEST(Velocity, SetsAndChooses) {
  EXPECT_EQ(rendered("#set($x = $input.path('$'))\n#set($n = $x.age + 1)\n$x.age $n ${n}th"), "7 8 8th");
  EXPECT_EQ(rendered("#if($input.path('$.age') > 5 && !$input.path('$.no'))yes#{else}no#end"), "yes");
  EXPECT_EQ(rendered("#if(1 == 2)a#elseif('x' == \"x\")b#else c#end"), "b");
  EXPECT_EQ(rendered("#set($a = \"<$context.connectionId>\")#set($b = '$a')$a $b"), "<abc=> $a");
  EXPECT_EQ(rendered("#set($m = {\"k\": [1, 2]})$m.k[1] $m.k.size()"), "2 2");
}

TEST(Velocity, Loops) {
  EXPECT_EQ(rendered("#foreach($t in $input.path('$.tags'))\n\"$t\"#if($foreach.hasNext),#end\n#end"), "\"a\",\"b\"");
  EXPECT_EQ(rendered("#foreach($k in $input.params().querystring.keySet())$k$velocityCount$foreach.index#end"), "q10");
}

TEST(Velocity, HasUtilitiesAndComments) {
  EXPECT_EQ(rendered("$util.escapeJavaScript($input.path('$.name'))"), R"(O\'Neil \"x\")");
  EXPECT_EQ(rendered("$util.urlEncode('a b&c') $util.urlDecode('a+b%26c')"), "a+b%26c a b&c");
  EXPECT_EQ(rendered("$util.base64Encode('hello') $util.base64Decode('aGVsbG8=')"), "aGVsbG8= hello");
  EXPECT_EQ(rendered("$util.parseJson('{\"a\":{\"b\":3}}').a.b"), "3");
  EXPECT_EQ(rendered("a## none of this\nb#* nor this *#c #fff #1"), "abc #fff #1");
  EXPECT_EQ(rendered("$input.path('$.name').toUpperCase().substring(0, 2)"), "O'");
}

TEST(Velocity, OverridesStatusAndHeaders) {
  auto made = MappingTemplate::parse(
                  "#set($context.responseOverride.status = 418)"
                  "#set($context.responseOverride.header.X-Own = 'y')")
                  ->render(scope());
  ASSERT_TRUE(made);
  EXPECT_EQ(made->overrides, (json::object{{"responseOverride", {{"status", 418}, {"header", {{"X-Own", "y"}}}}}}));
}

TEST(Velocity, RefusesWhatItDoesNotKnowByName) {
  for (auto [text, name] : {std::pair{"$input.form('x')", "$input.form"},
                            {"$context.nothing", "$context.nothing"},
                            {"$util.escape('x')", "$util.escape"},
                            {"$unknown.x", "$unknown"},
                            {"#macro(a)x#end", "#macro"},
                            {"#if(true)x", "#if"},
                            {"#set($context.stage = 1)", "$context.stage"},
                            {"$input.path('$').replaceSome('x')", "replaceSome"},
                            {"#set($x = 1", "')'"}}) {
    auto parsed = MappingTemplate::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find(name), std::string::npos) << parsed.error().message;
  }
  EXPECT_TRUE(rendered("$input.json('$..x')").starts_with("failed")) << rendered("$input.json('$..x')");
}

}  // namespace
}  // namespace localcloud

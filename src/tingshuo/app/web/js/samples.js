/** Sentences to start from, each with the emotion it was written for. */
export const SAMPLES = [
  { emotion: "neutral", zh: "自我介绍", en: "Hello", text: "你好，我是听说。我在你的电脑上说话，不用联网，也不用登录。" },
  { emotion: "happy", zh: "好消息", en: "Good news", text: "太好了！我们的飞船成功着陆了，大家快来看，火星的日落是蓝色的！" },
  { emotion: "gentle", zh: "晚安", en: "Good night", text: "夜深了，月亮挂在窗外，小猫也睡着了。闭上眼睛，做个好梦吧。" },
  { emotion: "serious", zh: "新闻", en: "News", text: "今天上午9点30分，第12届全国青年科技大会在重庆开幕，来自31个省市的2,600多名代表出席，较上届增长了18.5%。" },
  { emotion: "sad", zh: "离别", en: "Farewell", text: "火车慢慢开动了，她站在月台上，不停地挥手，直到再也看不见。" },
  { emotion: "surprised", zh: "惊喜", en: "Surprise", text: "咦？这盆花昨天还没有花苞，今天怎么就开了？" },
  { emotion: "angry", zh: "抗议", en: "Protest", text: "说好了三点见面，现在都五点了，你连一个电话都不打！" },
  { emotion: "fearful", zh: "夜路", en: "Night road", text: "你听，后面是不是有脚步声？别回头，我们走快一点。" },
  { emotion: "neutral", zh: "多音字", en: "Polyphones", text: "银行行长在长安街行走，重新想起重要的数字。行人还[hai2]没有还[huan2]书。" },
  { emotion: "gentle", zh: "古诗", en: "Poem", text: "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。" },
];

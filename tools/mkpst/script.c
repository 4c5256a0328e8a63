#include "tools/mkpst/script.h"

#include <ctype.h>
#include <string.h>

#include "tools/mkpst/memory.h"

#define STOCK_PARAGRAPHS 256
#define STOCK_SEED       0x70737466
#define ENGLISH_PERCENT  55

#define WORDS(...) ((const char *const[]){__VA_ARGS__})
#define LIST(field, count, ...)                                                \
    .field = WORDS(__VA_ARGS__), .count = array_len(WORDS(__VA_ARGS__))

const struct script scripts[] = {
    {.name = "english",
     .codepage = 1252,
     .locale = 1033,
     .joint = " ",
     .stop = ". ",
     LIST(words, word_count, "the", "budget", "for", "next", "quarter", "is",
          "ready", "please", "review", "attached", "document", "before", "our",
          "meeting", "on", "Monday", "we", "should", "discuss", "project",
          "schedule", "and", "all", "open", "questions", "about", "delivery",
          "of", "new", "servers", "thank", "you", "report", "customer", "asked",
          "whether", "contract", "can", "be", "signed", "this", "week", "plan",
          "changes", "to", "network", "storage", "archive", "mailbox",
          "invoice", "from", "supplier", "has", "arrived", "but", "amount",
          "does", "not", "match", "order", "I", "will", "call", "them",
          "tomorrow", "morning", "let", "me", "know", "if", "anything",
          "missing", "in", "draft", "version", "best", "regards", "team",
          "lunch", "travel", "office", "keys"),
     LIST(given, given_count, "Alice", "Robert", "Carol", "David", "Erin",
          "Frank", "Grace", "Henry", "Irene", "Jack"),
     LIST(family, family_count, "Johnson", "Smith", "Taylor", "O'Brien",
          "Walker", "Miller-Jones", "Adams", "Clark")},
    {.name = "german",
     .codepage = 1252,
     .locale = 1031,
     .joint = " ",
     .stop = ". ",
     LIST(words, word_count, "für", "die", "Prüfung", "der", "Verträge",
          "benötigen", "wir", "noch", "Unterlagen", "bitte", "schicken", "Sie",
          "uns", "Größe", "und", "Gewicht", "heute", "Straße", "Übersicht",
          "Änderung", "möglich", "später", "Gruß", "aus", "München", "Angebot",
          "Rechnung", "über", "Büro", "schön"),
     LIST(given, given_count, "Jürgen", "Käthe", "Sören", "Anja", "Günther"),
     LIST(family, family_count, "Müller", "Weiß", "Schäfer", "Krüger")},
    {.name = "french",
     .codepage = 1252,
     .locale = 1036,
     .joint = " ",
     .stop = ". ",
     LIST(words, word_count, "réunion", "à", "préparer", "être", "où", "naïve",
          "garçon", "déjà", "bientôt", "château", "élève", "façon", "œuvre",
          "août", "été", "le", "la", "les", "avec", "pour", "nous", "vous",
          "merci", "répondre", "dès", "reçu", "français"),
     LIST(given, given_count, "Élodie", "François", "Zoé", "Benoît"),
     LIST(family, family_count, "Lefèvre", "Dupré", "Géraud", "Noël")},
    {.name = "polish",
     .codepage = 1250,
     .locale = 1045,
     .joint = " ",
     .stop = ". ",
     LIST(words, word_count, "proszę", "wysłać", "załącznik", "dziękuję",
          "spotkanie", "środę", "książka", "źródło", "łączność", "pięć",
          "żółty", "dzień", "może", "później", "wiadomość", "są"),
     LIST(given, given_count, "Łukasz", "Zofia", "Paweł", "Grażyna"),
     LIST(family, family_count, "Wiśniewski", "Dąbrowska", "Żak")},
    {.name = "russian",
     .codepage = 1251,
     .locale = 1049,
     .joint = " ",
     .stop = ". ",
     LIST(words, word_count, "договор", "подписан", "сегодня", "просьба",
          "прислать", "отчёт", "до", "конца", "недели", "встреча", "в",
          "понедельник", "и", "новый", "проект", "сервер", "почта", "спасибо",
          "за", "ответ", "мы", "обсудим", "сроки", "поставки", "бюджет", "счёт",
          "оплачен", "ещё", "раз", "привет"),
     LIST(given, given_count, "Иван", "Ольга", "Сергей", "Наталья", "Пётр"),
     LIST(family, family_count, "Иванов", "Смирнова", "Кузнецов", "Щукин")},
    {.name = "greek",
     .codepage = 1253,
     .locale = 1032,
     .joint = " ",
     .stop = ". ",
     LIST(words, word_count, "καλημέρα", "σας", "στέλνω", "την", "αναφορά",
          "για", "το", "έργο", "παρακαλώ", "απαντήστε", "μέχρι", "αύριο",
          "ευχαριστώ", "πολύ", "συνάντηση", "ώρα", "γραφείο", "ύλη"),
     LIST(given, given_count, "Γιώργος", "Ελένη", "Νίκος", "Μαρία"),
     LIST(family, family_count, "Παπαδόπουλος", "Νικολάου", "Ρήγας")},
    {.name = "hebrew",
     .codepage = 1255,
     .locale = 1037,
     .joint = " ",
     .stop = ". ",
     LIST(words, word_count, "שלום", "רב", "אני", "שולח", "את", "הדוח",
          "המצורף", "לפגישה", "ביום", "שני", "בבקשה", "לאשר", "תודה", "חוזה",
          "חדש", "פרויקט", "שרת", "דואר"),
     LIST(given, given_count, "דוד", "שרה", "יעקב", "רחל"),
     LIST(family, family_count, "כהן", "לוי", "מזרחי")},
    {.name = "arabic",
     .codepage = 1256,
     .locale = 1025,
     .joint = " ",
     .stop = ". ",
     LIST(words, word_count, "مرحبا", "نرسل", "لكم", "التقرير", "المرفق", "قبل",
          "الاجتماع", "يوم", "الاثنين", "شكرا", "جزيلا", "العقد", "الجديد",
          "مشروع", "البريد", "الخادم", "من", "فضلك"),
     LIST(given, given_count, "محمد", "فاطمة", "أحمد", "ليلى"),
     LIST(family, family_count, "العلي", "حسن", "السيد")},
    {.name = "japanese",
     .codepage = 932,
     .locale = 1041,
     .joint = "",
     .stop = "。",
     LIST(words, word_count, "お世話になっております", "来週の", "会議",
          "について", "資料を", "添付いたします", "ご確認ください", "予算",
          "サーバー", "メール", "プロジェクト", "東京", "契約書", "の", "は",
          "納期", "表示", "ソフト", "能力", "よろしくお願いします", "十月"),
     LIST(given, given_count, "太郎", "花子", "健一", "さくら"),
     LIST(family, family_count, "田中", "鈴木", "髙橋", "渡辺"),
     .family_first = true},
    {.name = "chinese",
     .codepage = 936,
     .locale = 2052,
     .joint = "",
     .stop = "。",
     LIST(words, word_count, "您好", "请查收", "附件", "会议", "下周一", "项目",
          "预算", "合同", "已经", "签署", "服务器", "邮件", "我们", "讨论",
          "谢谢", "北京", "报告", "客户", "需要", "确认"),
     LIST(given, given_count, "伟", "芳", "小明", "丽娜"),
     LIST(family, family_count, "王", "李", "张", "欧阳"),
     .family_first = true},
    {.name = "korean",
     .codepage = 949,
     .locale = 1042,
     .joint = " ",
     .stop = ". ",
     LIST(words, word_count, "안녕하세요", "회의", "자료를", "첨부합니다",
          "확인", "부탁드립니다", "다음", "주", "예산", "프로젝트", "서버",
          "메일", "감사합니다", "계약서", "서울"),
     LIST(given, given_count, "민준", "서연", "지훈"),
     LIST(family, family_count, "김", "이", "박"),
     .family_first = true},
    {.name = "emoji",
     .locale = 1033,
     .joint = " ",
     .stop = " 🎉 ",
     LIST(words, word_count, "🚀", "launch", "👍", "ok", "😀", "see", "you",
          "👩‍👩‍👧‍👦", "family", "🇯🇵", "trip", "☃", "winter",
          "e\xCC\x81"
          "t\xC3\xA9",
          "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𠮷野家", "naïve", "ﬁne", "Ω"),
     LIST(given, given_count, "Zoë", "Ѵera", "J🙂e"),
     LIST(family, family_count, "O’Hara", "Ærø", "𠮷田")},
};
const size_t script_count = array_len(scripts);

const struct script *script_pick(struct rng *r, bool unicode)
{
    const struct script *s;

    if (rng_chance(r, ENGLISH_PERCENT))
        return &scripts[0];
    do
        s = &scripts[rng_below(r, (uint32_t)script_count)];
    while (!unicode && !s->codepage);
    return s;
}

void script_words(const struct script *s, struct rng *r, unsigned count,
                  struct buf *out)
{
    for (unsigned i = 0; i < count; i++) {
        if (i)
            buf_adds(out, s->joint);
        buf_adds(out, s->words[rng_below(r, (uint32_t)s->word_count)]);
    }
    mem_check(out);
}

void script_paragraph(const struct script *s, struct rng *r, size_t len,
                      struct buf *out)
{
    size_t start = out->len;

    while (out->len - start < len) {
        size_t at = out->len;
        script_words(s, r, 4 + rng_below(r, 12), out);
        out->data[at] = (char)toupper((unsigned char)out->data[at]);
        buf_adds(out, s->stop);
    }
    while (out->len > start && out->data[out->len - 1] == ' ')
        out->len--;
}

/* ---- the stock of paragraphs ---- */

struct stock {
    struct buf text;
    size_t ends[STOCK_PARAGRAPHS];
};
static struct stock *stocks[array_len(scripts)];

static struct stock *stock_of(const struct script *s)
{
    struct stock **slot = &stocks[s - scripts];
    struct rng r;

    if (*slot)
        return *slot;
    *slot = mem_new(sizeof(**slot));
    (*slot)->text = (struct buf)MEM_BUF;
    rng_init(&r, STOCK_SEED, (uint64_t)(s - scripts));
    for (int i = 0; i < STOCK_PARAGRAPHS; i++) {
        script_paragraph(s, &r, 40 + rng_below(&r, 500), &(*slot)->text);
        (*slot)->ends[i] = (*slot)->text.len;
    }
    return *slot;
}

void script_release(void)
{
    for (size_t i = 0; i < script_count; i++) {
        if (stocks[i])
            buf_finish(&stocks[i]->text);
        free(stocks[i]);
        stocks[i] = NULL;
    }
}

void script_body(const struct script *s, struct rng *r, size_t len,
                 struct buf *out)
{
    const struct stock *stock = stock_of(s);
    size_t start = out->len;

    while (out->len - start < len) {
        uint32_t i = rng_below(r, STOCK_PARAGRAPHS);
        size_t from = i ? stock->ends[i - 1] : 0;
        buf_add(out, stock->text.data + from, stock->ends[i] - from);
        buf_adds(out, rng_chance(r, 30) ? "\r\n\r\n" : "\r\n");
    }
    mem_check(out);
}

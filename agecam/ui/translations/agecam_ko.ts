<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="ko">
<context>
    <name>AgeCam</name>
    <message>
        <source>&amp;Source</source>
        <translation>소스(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Play</source>
        <translation>재생(&amp;P)</translation>
    </message>
    <message>
        <source>S&amp;ave</source>
        <translation>저장(&amp;A)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>보기(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>도움말(&amp;H)</translation>
    </message>
    <message>
        <source>&amp;Camera</source>
        <translation>카메라(&amp;C)</translation>
    </message>
    <message>
        <source>No camera is connected</source>
        <translation>연결된 카메라가 없습니다</translation>
    </message>
    <message>
        <source>Camera resol&amp;ution</source>
        <translation>카메라 해상도(&amp;U)</translation>
    </message>
    <message>
        <source>Camera default</source>
        <translation>카메라 기본값</translation>
    </message>
    <message>
        <source>Open &amp;stream address...</source>
        <translation>스트림 주소 열기(&amp;S)...</translation>
    </message>
    <message>
        <source>&amp;Demo</source>
        <translation>데모(&amp;D)</translation>
    </message>
    <message>
        <source>&amp;Recent</source>
        <translation>최근 항목(&amp;R)</translation>
    </message>
    <message>
        <source>Clear list</source>
        <translation>목록 지우기</translation>
    </message>
    <message>
        <source>C&amp;lose source</source>
        <translation>소스 닫기(&amp;L)</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>끝내기(&amp;Q)</translation>
    </message>
    <message>
        <source>&amp;Pause</source>
        <translation>일시 정지(&amp;P)</translation>
    </message>
    <message>
        <source>&amp;Next frame</source>
        <translation>다음 프레임(&amp;N)</translation>
    </message>
    <message>
        <source>&amp;Repeat</source>
        <translation>반복(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Speed</source>
        <translation>속도(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Back 5 seconds</source>
        <translation>5초 뒤로(&amp;B)</translation>
    </message>
    <message>
        <source>&amp;Forward 5 seconds</source>
        <translation>5초 앞으로(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Screenshot</source>
        <translation>스크린샷(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Copy picture</source>
        <translation>이미지 복사(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Record video</source>
        <translation>동영상 녹화(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Export results as CSV...</source>
        <translation>결과를 CSV로 내보내기(&amp;E)...</translation>
    </message>
    <message>
        <source>Open &amp;folder of saved files</source>
        <translation>저장 폴더 열기(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Boxes</source>
        <translation>상자(&amp;B)</translation>
    </message>
    <message>
        <source>Apparent &amp;age</source>
        <translation>겉보기 나이(&amp;A)</translation>
    </message>
    <message>
        <source>Age &amp;interval</source>
        <translation>나이 구간(&amp;I)</translation>
    </message>
    <message>
        <source>&amp;Gender</source>
        <translation>성별(&amp;G)</translation>
    </message>
    <message>
        <source>Gen&amp;der probability</source>
        <translation>성별 확률(&amp;D)</translation>
    </message>
    <message>
        <source>Person &amp;number</source>
        <translation>사람 번호(&amp;N)</translation>
    </message>
    <message>
        <source>B&amp;lur faces</source>
        <translation>얼굴 흐리게 처리(&amp;L)</translation>
    </message>
    <message>
        <source>&amp;Mirror cameras</source>
        <translation>카메라 좌우 반전(&amp;M)</translation>
    </message>
    <message>
        <source>&amp;People in view</source>
        <translation>화면 속 사람(&amp;P)</translation>
    </message>
    <message>
        <source>Performance &amp;overlay</source>
        <translation>성능 오버레이(&amp;O)</translation>
    </message>
    <message>
        <source>&amp;Full screen</source>
        <translation>전체 화면(&amp;F)</translation>
    </message>
    <message>
        <source>S&amp;ettings...</source>
        <translation>설정(&amp;E)...</translation>
    </message>
    <message>
        <source>&amp;Keyboard shortcuts</source>
        <translation>키보드 단축키(&amp;K)</translation>
    </message>
    <message>
        <source>Open &amp;log file</source>
        <translation>로그 파일 열기(&amp;L)</translation>
    </message>
    <message>
        <source>&amp;About AgeCam</source>
        <translation>AgeCam 정보(&amp;A)</translation>
    </message>
    <message>
        <source>Nothing is open</source>
        <translation>열린 소스가 없습니다</translation>
    </message>
    <message>
        <source>&amp;Open videos or pictures...</source>
        <translation>동영상 또는 사진 열기(&amp;O)...</translation>
    </message>
    <message>
        <source>Open &amp;folder...</source>
        <translation>폴더 열기(&amp;F)...</translation>
    </message>
    <message>
        <source>Pre&amp;vious frame</source>
        <translation>이전 프레임(&amp;V)</translation>
    </message>
    <message>
        <source>To the s&amp;tart</source>
        <translation>처음으로(&amp;T)</translation>
    </message>
    <message>
        <source>To the &amp;end</source>
        <translation>끝으로(&amp;E)</translation>
    </message>
    <message>
        <source>S&amp;lower</source>
        <translation>느리게(&amp;L)</translation>
    </message>
    <message>
        <source>F&amp;aster</source>
        <translation>빠르게(&amp;A)</translation>
    </message>
    <message>
        <source>N&amp;ormal speed</source>
        <translation>보통 속도(&amp;O)</translation>
    </message>
    <message>
        <source>&amp;Mute</source>
        <translation>음소거(&amp;M)</translation>
    </message>
    <message>
        <source>Previous &amp;in the list</source>
        <translation>목록의 이전 항목(&amp;I)</translation>
    </message>
    <message>
        <source>Ne&amp;xt in the list</source>
        <translation>목록의 다음 항목(&amp;X)</translation>
    </message>
    <message>
        <source>Analyse the &amp;whole video</source>
        <translation>동영상 전체 분석(&amp;W)</translation>
    </message>
    <message>
        <source>Photo &amp;booth</source>
        <translation>포토 부스(&amp;B)</translation>
    </message>
    <message>
        <source>Photo booth as 2 x 2 colla&amp;ge</source>
        <translation>포토 부스를 2 x 2 콜라주로(&amp;G)</translation>
    </message>
    <message>
        <source>Stop &amp;recording</source>
        <translation>녹화 중지(&amp;R)</translation>
    </message>
    <message>
        <source>Stop, {time}</source>
        <translation>중지, {time}</translation>
    </message>
    <message>
        <source>Stop, {time}, paused</source>
        <translation>중지, {time}, 일시 정지됨</translation>
    </message>
    <message>
        <source>&amp;Pause recording</source>
        <translation>녹화 일시 정지(&amp;P)</translation>
    </message>
    <message>
        <source>Show in ca&amp;lls</source>
        <translation>화상 통화에 표시(&amp;L)</translation>
    </message>
    <message>
        <source>Save t&amp;imeline...</source>
        <translation>타임라인 저장(&amp;I)...</translation>
    </message>
    <message>
        <source>Save repor&amp;t...</source>
        <translation>보고서 저장(&amp;T)...</translation>
    </message>
    <message>
        <source>Faces under {px} px are not covered</source>
        <translation>{px} px보다 작은 얼굴은 흐리게 처리되지 않습니다</translation>
    </message>
    <message>
        <source>G&amp;uess first</source>
        <translation>먼저 맞혀 보기(&amp;U)</translation>
    </message>
    <message>
        <source>Pin for &amp;comparison</source>
        <translation>비교용으로 고정(&amp;C)</translation>
    </message>
    <message>
        <source>Timelin&amp;e</source>
        <translation>타임라인(&amp;E)</translation>
    </message>
    <message>
        <source>Whole pic&amp;ture</source>
        <translation>화면에 맞춤(&amp;T)</translation>
    </message>
    <message>
        <source>La&amp;rger labels</source>
        <translation>레이블 크게(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Smaller labels</source>
        <translation>레이블 작게(&amp;S)</translation>
    </message>
    <message>
        <source>&amp;Copy this face</source>
        <translation>이 얼굴 복사(&amp;C)</translation>
    </message>
    <message>
        <source>&amp;Blur this face</source>
        <translation>이 얼굴 흐리게 처리(&amp;B)</translation>
    </message>
    <message>
        <source>C&amp;ompare with the chosen person</source>
        <translation>선택한 사람과 비교(&amp;O)</translation>
    </message>
    <message>
        <source>&amp;Not a face</source>
        <translation>얼굴 아님(&amp;N)</translation>
    </message>
    <message>
        <source>&amp;Show hidden faces</source>
        <translation>숨긴 얼굴 표시(&amp;S)</translation>
    </message>
    <message>
        <source>Face copied to the clipboard.</source>
        <translation>얼굴을 클립보드에 복사했습니다.</translation>
    </message>
    <message>
        <source>Choose a camera, or drop videos, pictures or folders here.</source>
        <translation>카메라를 선택하거나 동영상, 사진, 폴더를 여기에 끌어다 놓으세요.</translation>
    </message>
    <message>
        <source>Use a camera</source>
        <translation>카메라 사용</translation>
    </message>
    <message>
        <source>Open files</source>
        <translation>파일 열기</translation>
    </message>
    <message>
        <source>Nothing leaves this computer</source>
        <translation>어떤 데이터도 이 컴퓨터 밖으로 나가지 않습니다</translation>
    </message>
    <message>
        <source>Opening {name}...</source>
        <translation>{name} 여는 중...</translation>
    </message>
    <message>
        <source>Loading neural networks...</source>
        <translation>신경망을 불러오는 중...</translation>
    </message>
    <message>
        <source>Looking for faces...</source>
        <translation>얼굴 찾는 중...</translation>
    </message>
    <message>
        <source>Waiting for {name}</source>
        <translation>{name} 연결을 기다리는 중</translation>
    </message>
    <message>
        <source>Cannot show {name}</source>
        <translation>{name} 소스를 표시할 수 없습니다</translation>
    </message>
    <message>
        <source>Faces cannot be analysed</source>
        <translation>얼굴을 분석할 수 없습니다</translation>
    </message>
    <message>
        <source>AgeCam retries automatically.</source>
        <translation>AgeCam이 자동으로 다시 시도합니다.</translation>
    </message>
    <message>
        <source>Unexpected error</source>
        <translation>예기치 않은 오류</translation>
    </message>
    <message>
        <source>Try now</source>
        <translation>지금 다시 시도</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>다시 시도</translation>
    </message>
    <message>
        <source>Another source</source>
        <translation>다른 소스</translation>
    </message>
    <message>
        <source>Use the processor</source>
        <translation>프로세서 사용</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>계속</translation>
    </message>
    <message>
        <source>Copy details</source>
        <translation>자세한 정보 복사</translation>
    </message>
    <message>
        <source>Details copied to the clipboard.</source>
        <translation>자세한 정보를 클립보드에 복사했습니다.</translation>
    </message>
    <message>
        <source>Watch the demo</source>
        <translation>데모 보기</translation>
    </message>
    <message>
        <source>AgeCam has no permission to use the camera: allow it in the system&apos;s privacy settings, then restart AgeCam.</source>
        <translation>AgeCam에 카메라 사용 권한이 없습니다. 시스템의 개인정보 보호 설정에서 허용한 다음 AgeCam을 다시 시작하세요.</translation>
    </message>
    <message>
        <source>Files in the list</source>
        <translation>목록의 파일</translation>
    </message>
    <message>
        <source>{number} of {count}, {name}</source>
        <translation>{number}/{count}, {name}</translation>
    </message>
    <message>
        <source>{error} Skipped in all: {count}.</source>
        <translation>{error} 건너뛴 항목은 모두 {count}개입니다.</translation>
    </message>
    <message>
        <source>No camera is connected: showing the demo.</source>
        <translation>연결된 카메라가 없어 데모를 표시합니다.</translation>
    </message>
    <message>
        <source>{name} is connected.</source>
        <translation>{name} 카메라가 연결되었습니다.</translation>
    </message>
    <message>
        <source>Use camera</source>
        <translation>이 카메라 사용</translation>
    </message>
    <message>
        <source>Saving the report...</source>
        <translation>보고서 저장 중...</translation>
    </message>
    <message>
        <source>Saved {name}</source>
        <translation>{name} 파일을 저장했습니다</translation>
    </message>
    <message>
        <source>Picture copied to the clipboard.</source>
        <translation>이미지를 클립보드에 복사했습니다.</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>폴더 열기</translation>
    </message>
    <message>
        <source>Nothing to save yet: no picture is shown.</source>
        <translation>표시된 이미지가 없어 아직 저장할 수 없습니다.</translation>
    </message>
    <message>
        <source>Nothing to show yet: open a camera or a file first.</source>
        <translation>아직 표시할 화면이 없습니다. 먼저 카메라나 파일을 여세요.</translation>
    </message>
    <message>
        <source>Showing in calls as {name}</source>
        <translation>화상 통화에 표시 중: {name}</translation>
    </message>
    <message>
        <source>Nothing to export yet: no face has been analysed.</source>
        <translation>아직 분석한 얼굴이 없어 내보낼 결과가 없습니다.</translation>
    </message>
    <message>
        <source>{error} What was recorded before is in {name}.</source>
        <translation>{error} 그 전까지 녹화한 내용은 {name} 파일에 있습니다.</translation>
    </message>
    <message>
        <source>Saved recording {name}</source>
        <translation>{name} 녹화 파일을 저장했습니다</translation>
    </message>
    <message>
        <source>Nothing was recorded: the picture did not change.</source>
        <translation>녹화된 내용이 없습니다. 화면이 바뀌지 않았습니다.</translation>
    </message>
    <message>
        <source>The camera uses {width} x {height}, the closest resolution it supports.</source>
        <translation>카메라가 지원하는 가장 가까운 해상도인 {width} x {height}(으)로 표시합니다.</translation>
    </message>
    <message>
        <source>People in view</source>
        <translation>화면 속 사람</translation>
    </message>
    <message>
        <source>No one is in view.</source>
        <translation>화면에 사람이 없습니다.</translation>
    </message>
    <message>
        <source>apparent age</source>
        <translation>겉보기 나이</translation>
    </message>
    <message>
        <source>{seconds} s in view</source>
        <translation>{seconds}초째 보임</translation>
    </message>
    <message>
        <source>left at {time}</source>
        <translation>{time}에 화면을 벗어남</translation>
    </message>
    <message>
        <source>{count} people, apparent ages {low} to {high}</source>
        <translation>{count}명, 겉보기 나이 {low}~{high}세</translation>
    </message>
    <message>
        <source>female</source>
        <translation>여성</translation>
    </message>
    <message>
        <source>male</source>
        <translation>남성</translation>
    </message>
    <message>
        <source>unsure</source>
        <translation>불확실</translation>
    </message>
    <message>
        <source>Person {number}: apparent age {age}, between {low} and {high}, {gender}</source>
        <translation>사람 {number}: 겉보기 나이 {age}세, {low}세에서 {high}세 사이, {gender}</translation>
    </message>
    <message>
        <source>Probability of each age</source>
        <translation>나이별 확률</translation>
    </message>
    <message>
        <source>age in years</source>
        <translation>나이(세)</translation>
    </message>
    <message>
        <source>apparent age {age}</source>
        <translation>겉보기 나이 {age}세</translation>
    </message>
    <message>
        <source>most likely {age}</source>
        <translation>확률 최대 {age}세</translation>
    </message>
    <message>
        <source>Click a person to see the probability of each age.</source>
        <translation>사람을 클릭하면 나이별 확률이 표시됩니다.</translation>
    </message>
    <message>
        <source>Photo booth</source>
        <translation>포토 부스</translation>
    </message>
    <message>
        <source>View large</source>
        <translation>크게 보기</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>삭제</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>닫기</translation>
    </message>
    <message>
        <source>Photo {number} of {count}, not saved</source>
        <translation>사진 {number}/{count}, 저장되지 않음</translation>
    </message>
    <message>
        <source>Collage, saved as {name}</source>
        <translation>콜라주, {name} 파일로 저장됨</translation>
    </message>
    <message>
        <source>Photo {number} of {count}</source>
        <translation>사진 {number}/{count}</translation>
    </message>
    <message>
        <source>Photo booth cancelled: nothing was saved.</source>
        <translation>포토 부스를 취소했습니다. 저장된 파일이 없습니다.</translation>
    </message>
    <message>
        <source>Saved {name} in {folder}</source>
        <translation>{folder} 폴더에 {name} 파일을 저장했습니다</translation>
    </message>
    <message>
        <source>Moved {name} to the trash.</source>
        <translation>{name} 파일을 휴지통으로 옮겼습니다.</translation>
    </message>
    <message>
        <source>{name} cannot be moved to the trash: delete it in {folder}.</source>
        <translation>{name} 파일을 휴지통으로 옮길 수 없습니다. {folder} 폴더에서 직접 삭제하세요.</translation>
    </message>
    <message>
        <source>How old does person {number} look?</source>
        <translation>사람 {number}, 몇 살로 보이나요?</translation>
    </message>
    <message>
        <source>Click a person to guess their age.</source>
        <translation>사람을 클릭하고 나이를 맞혀 보세요.</translation>
    </message>
    <message>
        <source>Reveal</source>
        <translation>확인</translation>
    </message>
    <message>
        <source>your guess {age}</source>
        <translation>내 추측 {age}세</translation>
    </message>
    <message>
        <source>Apparent age {age} ({low} to {high})</source>
        <translation>겉보기 나이 {age}세({low}~{high}세)</translation>
    </message>
    <message>
        <source>Your guess: {guess}. Years off: {years}, inside the interval.</source>
        <translation>내 추측: {guess}세. {years}세 차이로 구간 안에 있습니다.</translation>
    </message>
    <message>
        <source>Your guess: {guess}. Years off: {years}, outside the interval.</source>
        <translation>내 추측: {guess}세. {years}세 차이로 구간 밖에 있습니다.</translation>
    </message>
    <message>
        <source>You: {off} years off on average in {count} guesses; inside the interval {inside} of {count}</source>
        <translation>추측 {count}번, 평균 {off}세 차이. 구간 안 {inside}/{count}</translation>
    </message>
    <message>
        <source>You: {off} years off in 1 guess; inside the interval {inside} of 1</source>
        <translation>추측 1번, {off}세 차이. 구간 안 {inside}/1</translation>
    </message>
    <message>
        <source>Person {number}: {gender}</source>
        <translation>사람 {number}: {gender}</translation>
    </message>
    <message>
        <source>{count} people</source>
        <translation>{count}명</translation>
    </message>
    <message>
        <source>End comparison</source>
        <translation>비교 끝내기</translation>
    </message>
    <message>
        <source>Person {number}</source>
        <translation>사람 {number}</translation>
    </message>
    <message>
        <source>Person {number} ({source}, {time})</source>
        <translation>사람 {number}({source}, {time})</translation>
    </message>
    <message>
        <source>Person {number} ({source})</source>
        <translation>사람 {number}({source})</translation>
    </message>
    <message>
        <source>{name} is likely older: {percent} %</source>
        <translation>{name} 쪽이 나이가 더 많을 확률: {percent} %</translation>
    </message>
    <message>
        <source>Each is equally likely to be older: 50 %</source>
        <translation>어느 쪽이든 나이가 더 많을 확률이 같습니다: 50 %</translation>
    </message>
    <message>
        <source>Click a person to compare.</source>
        <translation>비교할 사람을 클릭하세요.</translation>
    </message>
    <message>
        <source>Pinned {name}. Click another person to compare.</source>
        <translation>{name} 고정됨. 비교할 다른 사람을 클릭하세요.</translation>
    </message>
    <message>
        <source>Nobody is chosen: click the person to pin first.</source>
        <translation>선택한 사람이 없습니다. 먼저 고정할 사람을 클릭하세요.</translation>
    </message>
    <message>
        <source>Turn off &apos;Guess first&apos; to compare people.</source>
        <translation>사람을 비교하려면 &apos;먼저 맞혀 보기&apos;를 끄세요.</translation>
    </message>
    <message>
        <source>People on the timeline</source>
        <translation>타임라인의 사람</translation>
    </message>
    <message>
        <source>People so far: {count}</source>
        <translation>지금까지 나온 사람: {count}명</translation>
    </message>
    <message>
        <source>People in the whole video: {count}</source>
        <translation>동영상 전체에 나온 사람: {count}명</translation>
    </message>
    <message>
        <source>Person {number}: go to the clearest moment, {time}</source>
        <translation>사람 {number}: 가장 선명한 장면({time})으로 이동</translation>
    </message>
    <message>
        <source>Person {number}: go to {time}</source>
        <translation>사람 {number}: {time}(으)로 이동</translation>
    </message>
    <message>
        <source>Person {number}: go to {time}, apparent age {age}, between {low} and {high}</source>
        <translation>사람 {number}: {time}(으)로 이동, 겉보기 나이 {age}세, {low}~{high}세 사이</translation>
    </message>
    <message>
        <source>&amp;Go to the clearest moment</source>
        <translation>가장 선명한 장면으로 이동(&amp;G)</translation>
    </message>
    <message>
        <source>&amp;Join with</source>
        <translation>다음 사람과 합치기(&amp;J)</translation>
    </message>
    <message>
        <source>&amp;Split here, at {time}</source>
        <translation>여기({time})에서 나누기(&amp;S)</translation>
    </message>
    <message>
        <source>Stop the analysis</source>
        <translation>분석 중지</translation>
    </message>
    <message>
        <source>The whole video has been analysed. People: {count}.</source>
        <translation>동영상 전체를 분석했습니다. 나온 사람: {count}명.</translation>
    </message>
    <message>
        <source>Nothing to save yet: nobody has been seen in a video.</source>
        <translation>아직 저장할 내용이 없습니다. 동영상에서 사람을 찾지 못했습니다.</translation>
    </message>
    <message>
        <source>JSON files</source>
        <translation>JSON 파일</translation>
    </message>
    <message>
        <source>In view</source>
        <translation>화면 속</translation>
    </message>
    <message>
        <source>Everybody so far</source>
        <translation>지금까지 나온 사람</translation>
    </message>
    <message>
        <source>People: {count}</source>
        <translation>{count}명</translation>
    </message>
    <message>
        <source>Nobody yet</source>
        <translation>아직 없음</translation>
    </message>
    <message>
        <source>Order</source>
        <translation>정렬 순서</translation>
    </message>
    <message>
        <source>by time</source>
        <translation>시간순</translation>
    </message>
    <message>
        <source>by apparent age</source>
        <translation>겉보기 나이순</translation>
    </message>
    <message>
        <source>by size</source>
        <translation>크기순</translation>
    </message>
    <message>
        <source>Person {number}: apparent age {age}, between {low} and {high}</source>
        <translation>사람 {number}: 겉보기 나이 {age}세, {low}~{high}세 사이</translation>
    </message>
    <message>
        <source>shown {fps} / s</source>
        <translation>표시 초당 {fps}프레임</translation>
    </message>
    <message>
        <source>analysed {fps} / s</source>
        <translation>분석 초당 {fps}프레임</translation>
    </message>
    <message>
        <source>delay {p50} ms, 95 % under {p95} ms</source>
        <translation>지연 {p50} ms, 95%는 {p95} ms 미만</translation>
    </message>
    <message>
        <source>dropped {count}</source>
        <translation>건너뛴 프레임 {count}개</translation>
    </message>
    <message>
        <source>{name} {ms} ms</source>
        <translation>{name} {ms} ms</translation>
    </message>
    <message>
        <source>step {ms} of {budget} ms</source>
        <translation>처리 시간 {ms} / {budget} ms</translation>
    </message>
    <message>
        <source>detector 1 frame in {every}, from {px} px</source>
        <translation>검출 {every}프레임마다 1회, {px} px 이상</translation>
    </message>
    <message>
        <source>estimated {estimated} of {people}</source>
        <translation>추정 {people}명 중 {estimated}명</translation>
    </message>
    <message>
        <source>faces {count}</source>
        <translation>얼굴 {count}개</translation>
    </message>
    <message>
        <source>{cores} processor cores</source>
        <translation>프로세서 코어 {cores}개 사용</translation>
    </message>
    <message>
        <source>Should faces be visible or blurred in recordings?</source>
        <translation>녹화 파일에서 얼굴을 그대로 표시할까요, 흐리게 처리할까요?</translation>
    </message>
    <message>
        <source>Recording starts when you choose. You can change this in the settings, under &apos;Saving&apos;.</source>
        <translation>선택하면 녹화가 시작됩니다. 설정의 &apos;저장&apos;에서 언제든지 바꿀 수 있습니다.</translation>
    </message>
    <message>
        <source>Visible</source>
        <translation>그대로 표시</translation>
    </message>
    <message>
        <source>Blurred</source>
        <translation>흐리게 처리</translation>
    </message>
    <message>
        <source>Videos and pictures</source>
        <translation>동영상과 사진</translation>
    </message>
    <message>
        <source>All files</source>
        <translation>모든 파일</translation>
    </message>
    <message>
        <source>Web page</source>
        <translation>웹 페이지</translation>
    </message>
    <message>
        <source>CSV files</source>
        <translation>CSV 파일</translation>
    </message>
    <message>
        <source>AgeCam cannot start</source>
        <translation>AgeCam을 시작할 수 없음</translation>
    </message>
    <message>
        <source>Stream address (rtsp://, http://, ...)</source>
        <translation>스트림 주소(rtsp://, http://, ...)</translation>
    </message>
    <message>
        <source>Choose...</source>
        <translation>선택...</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>설정</translation>
    </message>
    <message>
        <source>Analysis</source>
        <translation>분석</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>모델</translation>
    </message>
    <message>
        <source>Compute device</source>
        <translation>계산 장치</translation>
    </message>
    <message>
        <source>graphics card if available</source>
        <translation>그래픽 카드(사용 가능한 경우)</translation>
    </message>
    <message>
        <source>processor</source>
        <translation>프로세서</translation>
    </message>
    <message>
        <source>graphics card</source>
        <translation>그래픽 카드</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>자동</translation>
    </message>
    <message>
        <source>Minimum face size</source>
        <translation>최소 얼굴 크기</translation>
    </message>
    <message>
        <source>Analyse half of the frames on battery</source>
        <translation>배터리 사용 중에는 프레임을 절반만 분석</translation>
    </message>
    <message>
        <source>Saving</source>
        <translation>저장</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>폴더</translation>
    </message>
    <message>
        <source>Mirror saved pictures like the preview</source>
        <translation>저장할 이미지도 미리 보기처럼 좌우 반전</translation>
    </message>
    <message>
        <source>Also save each screenshot without labels</source>
        <translation>레이블이 없는 스크린샷도 저장</translation>
    </message>
    <message>
        <source>Blur faces in saved files</source>
        <translation>저장할 파일에서 얼굴 흐리게 처리</translation>
    </message>
    <message>
        <source>Also save the results of each screenshot as JSON</source>
        <translation>스크린샷의 분석 결과도 JSON으로 저장</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>모양</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>테마</translation>
    </message>
    <message>
        <source>system default</source>
        <translation>시스템 설정에 따름</translation>
    </message>
    <message>
        <source>light</source>
        <translation>밝게</translation>
    </message>
    <message>
        <source>dark</source>
        <translation>어둡게</translation>
    </message>
    <message>
        <source>About AgeCam</source>
        <translation>AgeCam 정보</translation>
    </message>
    <message>
        <source>Shows apparent age and gender next to each face. These are a neural network&apos;s estimates of how people look, not facts about them, and must not be used for decisions about anyone.</source>
        <translation>각 얼굴 옆에 겉보기 나이와 성별을 표시합니다. 이 값은 신경망이 겉모습을 바탕으로 추정한 것이며 사실이 아니므로, 사람에 대한 의사 결정에 사용해서는 안 됩니다.</translation>
    </message>
    <message>
        <source>Nothing leaves this computer: all processing happens here, and nothing is stored unless you save it.</source>
        <translation>어떤 데이터도 이 컴퓨터 밖으로 나가지 않습니다. 모든 처리는 이 컴퓨터에서 이루어지며, 직접 저장하지 않는 한 아무것도 저장되지 않습니다.</translation>
    </message>
    <message>
        <source>AgeCam is free software under the MIT licence. It uses Qt for Python (LGPL), TensorFlow (Apache 2.0), OpenCV (Apache 2.0), MTCNN (MIT), FFmpeg through PyAV, NumPy, SciPy and pyqtgraph.</source>
        <translation>AgeCam은 MIT 라이선스로 배포되는 자유 소프트웨어입니다. Qt for Python(LGPL), TensorFlow(Apache 2.0), OpenCV(Apache 2.0), MTCNN(MIT), FFmpeg(PyAV 사용), NumPy, SciPy, pyqtgraph를 사용합니다.</translation>
    </message>
    <message>
        <source>Weights: {name}, {date}; {licence}</source>
        <translation>가중치: {name}, {date}; {licence}</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>키보드 단축키</translation>
    </message>
    <message>
        <source>Video</source>
        <translation>동영상</translation>
    </message>
    <message>
        <source>Playback position</source>
        <translation>재생 위치</translation>
    </message>
    <message>
        <source>Recording</source>
        <translation>녹화 중</translation>
    </message>
    <message>
        <source>&apos;{name}&apos; is a playlist: open the address of its stream instead.</source>
        <translation>&apos;{name}&apos; 파일은 재생 목록입니다. 대신 스트림 주소를 여세요.</translation>
    </message>
    <message>
        <source>&apos;{spec}&apos; cannot be opened ({reason}): check the path and its permissions.</source>
        <translation>&apos;{spec}&apos; 항목을 열 수 없습니다({reason}). 경로와 권한을 확인하세요.</translation>
    </message>
    <message>
        <source>&apos;{name}&apos; cannot be read as a video or picture because it is damaged or in an unsupported format: choose another file.</source>
        <translation>&apos;{name}&apos; 파일이 손상되었거나 지원하지 않는 형식이어서 동영상이나 사진으로 읽을 수 없습니다. 다른 파일을 고르세요.</translation>
    </message>
    <message>
        <source>&apos;{name}&apos; ends before {start} s: choose an earlier start.</source>
        <translation>&apos;{name}&apos; 동영상은 {start}초보다 짧습니다. 더 이른 시작 시간을 고르세요.</translation>
    </message>
    <message>
        <source>&apos;{spec}&apos; contains no frames: choose a video, a picture or a folder of pictures.</source>
        <translation>&apos;{spec}&apos; 항목에는 프레임이 없습니다. 동영상, 사진 또는 사진 폴더를 고르세요.</translation>
    </message>
    <message>
        <source>80 % interval: {low} to {high}</source>
        <translation>80% 구간: {low}~{high}세</translation>
    </message>
    <message>
        <source>A picture of {width}x{height} pixels cannot be written as {suffix}: make it smaller.</source>
        <translation>{width}x{height}픽셀 사진은 {suffix} 형식으로 저장할 수 없습니다. 사진을 줄이세요.</translation>
    </message>
    <message>
        <source>About these figures</source>
        <translation>이 수치에 대하여</translation>
    </message>
    <message>
        <source>Age and gender could not be estimated ({reason}): try a smaller picture or --device cpu.</source>
        <translation>나이와 성별을 추정하지 못했습니다({reason}). 더 작은 사진이나 --device cpu를 사용해 보세요.</translation>
    </message>
    <message>
        <source>AgeCam can only be shown in calls with the package pyvirtualcam: run &apos;pip install pyvirtualcam&apos;, then restart AgeCam.</source>
        <translation>AgeCam을 화상 통화에 표시하려면 pyvirtualcam 패키지가 필요합니다. &apos;pip install pyvirtualcam&apos; 명령을 실행한 뒤 AgeCam을 다시 시작하세요.</translation>
    </message>
    <message>
        <source>AgeCam may not use the virtual camera: run &apos;sudo usermod -aG video $USER&apos;, then log out and in again.</source>
        <translation>가상 카메라를 사용할 권한이 없습니다. &apos;sudo usermod -aG video $USER&apos; 명령을 실행하고 로그아웃한 뒤 다시 로그인하세요.</translation>
    </message>
    <message>
        <source>AgeCam uses the processor: {reason}</source>
        <translation>AgeCam이 프로세서를 사용합니다: {reason}</translation>
    </message>
    <message>
        <source>An apparent age is how old a face looks to a neural network, not how old the person is. The interval is meant to contain the age of four faces in five.</source>
        <translation>겉보기 나이는 신경망이 본 얼굴의 나이이며, 그 사람의 실제 나이가 아닙니다. 구간은 얼굴 다섯 개 중 네 개의 나이가 들어가도록 정한 것입니다.</translation>
    </message>
    <message>
        <source>Apparent age {age}, between {low} and {high}</source>
        <translation>겉보기 나이 {age}세, {low}세에서 {high}세 사이</translation>
    </message>
    <message>
        <source>Apparent ages</source>
        <translation>겉보기 나이</translation>
    </message>
    <message>
        <source>Apparent ages: {name}</source>
        <translation>겉보기 나이: {name}</translation>
    </message>
    <message>
        <source>Camera {index} cannot be used without the permission of macOS: allow the program that started AgeCam, such as Terminal, in System Settings &gt; Privacy &amp; Security &gt; Camera, then start it again.</source>
        <translation>macOS의 허용 없이는 {index}번 카메라를 사용할 수 없습니다. 시스템 설정 &gt; 개인정보 보호 및 보안 &gt; 카메라에서 AgeCam을 시작한 프로그램(예: 터미널)을 허용한 다음 다시 시작하세요.</translation>
    </message>
    <message>
        <source>Camera {index} needs your permission: answer the question that macOS asks.</source>
        <translation>{index}번 카메라를 사용하려면 허용이 필요합니다. macOS의 질문에 답하세요.</translation>
    </message>
    <message>
        <source>Camera {index} stopped sending frames: check its cable, then start it again.</source>
        <translation>카메라 {index}에서 영상이 더 이상 들어오지 않습니다. 케이블을 확인한 다음 다시 시작하세요.</translation>
    </message>
    <message>
        <source>Camera {index} was not found or is in use: connect it, close other programs that use it, or choose another one.</source>
        <translation>{index}번 카메라를 찾을 수 없거나 다른 프로그램이 사용 중입니다. 카메라를 연결하거나, 사용 중인 다른 프로그램을 닫거나, 다른 카메라를 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write a report as {path}: choose a name ending in .html or .pdf.</source>
        <translation>{path} 이름으로는 보고서를 저장할 수 없습니다. .html 또는 .pdf로 끝나는 이름을 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write a video as {path}: choose a name ending in .mp4 or .mkv.</source>
        <translation>{path} 이름으로는 동영상을 저장할 수 없습니다. .mp4 또는 .mkv로 끝나는 이름을 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write into {folder}: it is not a folder; choose another name.</source>
        <translation>{folder} 위치에 저장할 수 없습니다. 폴더가 아니므로 다른 이름을 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write {name}: a file has the name of its folder; choose another place.</source>
        <translation>폴더가 있어야 할 자리에 파일이 있어서 {name} 파일을 저장할 수 없습니다. 다른 위치를 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write {name}: permission was denied; choose a place where you may write.</source>
        <translation>{name} 파일을 저장할 권한이 없습니다. 쓸 수 있는 위치를 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write {name}: the disk is full; free some space or choose another place.</source>
        <translation>디스크가 가득 차서 {name} 파일을 저장할 수 없습니다. 공간을 비우거나 다른 위치를 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write {name}: the disk is read-only; choose a place where you may write.</source>
        <translation>디스크가 읽기 전용이어서 {name} 파일을 저장할 수 없습니다. 쓸 수 있는 위치를 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write {name}: the file grew larger than this disk allows; choose another place.</source>
        <translation>이 디스크가 허용하는 크기를 넘어서 {name} 파일을 저장할 수 없습니다. 다른 위치를 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write {name}: the name is too long; choose a shorter one.</source>
        <translation>이름이 너무 길어서 {name} 파일을 저장할 수 없습니다. 더 짧은 이름을 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write {name}: the reading program has exited; let it read to the end, or write to a file.</source>
        <translation>읽던 프로그램이 끝나서 {name}에 쓸 수 없습니다. 끝까지 읽게 하거나 파일에 저장하세요.</translation>
    </message>
    <message>
        <source>Cannot write {name}: this PyAV has no H.264 encoder; reinstall it with pip.</source>
        <translation>설치된 PyAV에 H.264 인코더가 없어서 {name} 파일을 저장할 수 없습니다. pip으로 다시 설치하세요.</translation>
    </message>
    <message>
        <source>Cannot write {name}: your disk quota is used up; free some space or choose another place.</source>
        <translation>디스크 할당량을 다 써서 {name} 파일을 저장할 수 없습니다. 공간을 비우거나 다른 위치를 고르세요.</translation>
    </message>
    <message>
        <source>Date</source>
        <translation>날짜</translation>
    </message>
    <message>
        <source>Duration</source>
        <translation>길이</translation>
    </message>
    <message>
        <source>Each person&apos;s time in view, with the apparent age as a line and its 80 % interval as a band</source>
        <translation>사람별로 화면에 나오는 시간. 선은 겉보기 나이, 띠는 80% 구간</translation>
    </message>
    <message>
        <source>Face {number}</source>
        <translation>얼굴 {number}</translation>
    </message>
    <message>
        <source>Faces</source>
        <translation>얼굴</translation>
    </message>
    <message>
        <source>Faces are blurred. Those that were not found, in profile or very small, stay clear.</source>
        <translation>얼굴을 흐리게 처리했습니다. 옆얼굴이나 아주 작은 얼굴처럼 찾지 못한 얼굴은 그대로 보입니다.</translation>
    </message>
    <message>
        <source>Gender is the network&apos;s guess between two words, with its probability.</source>
        <translation>성별은 신경망이 두 낱말 가운데 하나를 추측한 것이며, 그 확률을 함께 표시합니다.</translation>
    </message>
    <message>
        <source>In &apos;{name}&apos;, faces were found with the picture turned by {degrees} degrees clockwise: turn the file to see it upright.</source>
        <translation>&apos;{name}&apos; 사진을 시계 방향으로 {degrees}도 돌려서 얼굴을 찾았습니다. 바로 보려면 파일을 돌려 저장하세요.</translation>
    </message>
    <message>
        <source>Made by AgeCam {version} on one computer. This file contains everything it shows and loads nothing.</source>
        <translation>AgeCam {version}이 컴퓨터 한 대에서 만들었습니다. 이 파일에는 표시할 내용이 모두 들어 있으며, 다른 곳에서 아무것도 불러오지 않습니다.</translation>
    </message>
    <message>
        <source>NVIDIA&apos;s CUDA libraries for TensorFlow are missing: run pip install &apos;tensorflow[and-cuda]&apos;.</source>
        <translation>TensorFlow에 필요한 NVIDIA CUDA 라이브러리가 없습니다. pip install &apos;tensorflow[and-cuda]&apos;를 실행하세요.</translation>
    </message>
    <message>
        <source>No face was found.</source>
        <translation>얼굴을 찾지 못했습니다.</translation>
    </message>
    <message>
        <source>No library that runs the networks is installed: run &apos;pip install {package}&apos;.</source>
        <translation>신경망을 실행할 라이브러리가 설치되어 있지 않습니다. &apos;pip install {package}&apos; 명령을 실행하세요.</translation>
    </message>
    <message>
        <source>Not listed because there are too many: {count}</source>
        <translation>너무 많아서 목록에서 뺀 수: {count}</translation>
    </message>
    <message>
        <source>Nothing is sent to AgeCam through a pipe: send it a file, as in &apos;cat clip.mp4 | agecam analyze -&apos;.</source>
        <translation>파이프로 들어오는 데이터가 없습니다. &apos;cat clip.mp4 | agecam analyze -&apos;처럼 파일을 보내세요.</translation>
    </message>
    <message>
        <source>OpenVINO has no package for this system: leave out --backend openvino.</source>
        <translation>이 시스템용 OpenVINO 패키지가 없습니다. --backend openvino 옵션을 빼세요.</translation>
    </message>
    <message>
        <source>OpenVINO is not installed: run &apos;pip install openvino&apos; or leave out --backend openvino.</source>
        <translation>OpenVINO가 설치되어 있지 않습니다. &apos;pip install openvino&apos;를 실행하거나 --backend openvino를 빼세요.</translation>
    </message>
    <message>
        <source>OpenVINO runs on the processor only: leave out --device gpu or --backend openvino.</source>
        <translation>OpenVINO는 프로세서에서만 실행됩니다. --device gpu 또는 --backend openvino를 빼세요.</translation>
    </message>
    <message>
        <source>Page {number}</source>
        <translation>{number}쪽</translation>
    </message>
    <message>
        <source>Page {page} of the picture &apos;{name}&apos; cannot be read because it is damaged or in an unsupported format: save it again as JPEG or PNG.</source>
        <translation>&apos;{name}&apos; 사진의 {page}쪽이 손상되었거나 지원하지 않는 형식이어서 읽을 수 없습니다. JPEG나 PNG로 다시 저장하세요.</translation>
    </message>
    <message>
        <source>People</source>
        <translation>사람</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>사진</translation>
    </message>
    <message>
        <source>Pictures not shown because there are too many: {count}</source>
        <translation>너무 많아서 표시하지 않은 사진 수: {count}</translation>
    </message>
    <message>
        <source>SHA-256 of the weights</source>
        <translation>가중치의 SHA-256</translation>
    </message>
    <message>
        <source>Something went wrong that AgeCam did not expect ({reason}): try again, and if it happens again, please report it with the log.</source>
        <translation>예상하지 못한 문제가 생겼습니다({reason}). 다시 시도하고, 또 생기면 로그와 함께 알려 주세요.</translation>
    </message>
    <message>
        <source>TensorFlow has no package for this system: leave out --backend keras and --device gpu.</source>
        <translation>이 시스템용 TensorFlow 패키지가 없습니다. --backend keras와 --device gpu 옵션을 빼세요.</translation>
    </message>
    <message>
        <source>The address {address} has an unsupported scheme: use one of {known}.</source>
        <translation>{address} 주소는 지원하지 않는 형식입니다. 다음 중 하나를 사용하세요: {known}.</translation>
    </message>
    <message>
        <source>The animated picture &apos;{name}&apos; is damaged and ends early, after {count} frames: copy it again to get the rest.</source>
        <translation>움직이는 사진 &apos;{name}&apos; 파일이 손상되어 {count}프레임 뒤에 끝납니다. 나머지를 보려면 파일을 다시 복사하세요.</translation>
    </message>
    <message>
        <source>The card {path} is missing: put it back next to its weights.</source>
        <translation>모델 카드 {path} 파일이 없습니다. 가중치 파일 옆에 다시 두세요.</translation>
    </message>
    <message>
        <source>The detector needs a (height, width, 3) 8-bit BGR picture, not {shape} {kind}: convert it first.</source>
        <translation>검출기는 (높이, 너비, 3) 8비트 BGR 사진만 받습니다. 받은 것은 {shape} {kind}입니다. 먼저 변환하세요.</translation>
    </message>
    <message>
        <source>The end, {end} s, is not later than the start, {start} s: choose other times.</source>
        <translation>끝 시간({end}초)이 시작 시간({start}초)보다 늦지 않습니다. 다른 시간을 고르세요.</translation>
    </message>
    <message>
        <source>The file &apos;{name}&apos; contains no video: choose a video or a picture.</source>
        <translation>&apos;{name}&apos; 파일에는 동영상이 없습니다. 동영상이나 사진을 고르세요.</translation>
    </message>
    <message>
        <source>The folder &apos;{name}&apos; contains no pictures or videos: choose another folder.</source>
        <translation>&apos;{name}&apos; 폴더에 사진이나 동영상이 없습니다. 다른 폴더를 고르세요.</translation>
    </message>
    <message>
        <source>The folder &apos;{name}&apos; contains no pictures: choose one that contains JPEG or PNG files.</source>
        <translation>&apos;{name}&apos; 폴더에 사진이 없습니다. JPEG 또는 PNG 파일이 있는 폴더를 고르세요.</translation>
    </message>
    <message>
        <source>The network makes larger errors on the very young, on the old, and on people who are rare in its training data; the model&apos;s card says how much. These figures are not fit for decisions about anyone.</source>
        <translation>아주 어린 사람, 나이 많은 사람, 학습 데이터에 드문 사람에게는 오차가 더 큽니다. 얼마나 큰지는 모델 카드에 나와 있습니다. 이 수치를 사람에 대한 의사 결정에 사용해서는 안 됩니다.</translation>
    </message>
    <message>
        <source>The network of the card {path} does not have {outputs} outputs: reinstall the model.</source>
        <translation>카드 {path}의 네트워크는 출력이 {outputs}개가 아닙니다. 모델을 다시 설치하세요.</translation>
    </message>
    <message>
        <source>The network of the model {path} does not fit its card: reinstall the model.</source>
        <translation>모델 {path}의 네트워크가 카드와 맞지 않습니다. 모델을 다시 설치하세요.</translation>
    </message>
    <message>
        <source>The picture &apos;{name}&apos; cannot be read because it is damaged or in an unsupported format: save it again as JPEG or PNG.</source>
        <translation>&apos;{name}&apos; 사진이 손상되었거나 지원하지 않는 형식이어서 읽을 수 없습니다. JPEG 또는 PNG로 다시 저장하세요.</translation>
    </message>
    <message>
        <source>The picture &apos;{name}&apos; contains no pages: choose another file.</source>
        <translation>&apos;{name}&apos; 사진에는 쪽이 없습니다. 다른 파일을 고르세요.</translation>
    </message>
    <message>
        <source>The picture &apos;{name}&apos; ends early, so a part may be missing: copy it again to get the rest.</source>
        <translation>&apos;{name}&apos; 사진 파일이 도중에 끝나서 일부가 없을 수 있습니다. 나머지를 보려면 파일을 다시 복사하세요.</translation>
    </message>
    <message>
        <source>The picture &apos;{name}&apos; is too large to read: make it smaller and try again.</source>
        <translation>&apos;{name}&apos; 사진이 너무 커서 읽을 수 없습니다. 크기를 줄여 다시 시도하세요.</translation>
    </message>
    <message>
        <source>The pipe is empty: check the program that sends to AgeCam.</source>
        <translation>파이프가 비어 있습니다. AgeCam으로 보내는 프로그램을 확인하세요.</translation>
    </message>
    <message>
        <source>The portraits of the demo are missing: reinstall scikit-image and matplotlib.</source>
        <translation>데모에 쓸 인물 사진이 없습니다. scikit-image와 matplotlib을 다시 설치하세요.</translation>
    </message>
    <message>
        <source>The settings in {path} cannot be read ({reason}): AgeCam starts with the defaults.</source>
        <translation>{path}의 설정을 읽을 수 없어({reason}) 기본 설정으로 시작합니다.</translation>
    </message>
    <message>
        <source>The sound of a pipe cannot be read: save it as a file and open that.</source>
        <translation>파이프의 소리는 읽을 수 없습니다. 파일로 저장한 다음 여세요.</translation>
    </message>
    <message>
        <source>The stream {name} cannot be reached or contains no video: check the address and the password, and that the sender is running.</source>
        <translation>{name} 스트림에 연결할 수 없거나 영상이 없습니다. 주소와 비밀번호를 확인하고 송출 중인지 확인하세요.</translation>
    </message>
    <message>
        <source>The stream {name} has ended: check that the sender is running, then start it again.</source>
        <translation>{name} 스트림이 끝났습니다. 송출 중인지 확인한 다음 다시 시작하세요.</translation>
    </message>
    <message>
        <source>The stream {name} leads to another server, {other}, to which AgeCam does not send your user and password: open that address instead.</source>
        <translation>{name} 스트림이 다른 서버({other})로 이어집니다. AgeCam은 그 서버에 사용자 이름과 암호를 보내지 않습니다. 그 주소를 직접 여세요.</translation>
    </message>
    <message>
        <source>The video &apos;{name}&apos; contains no readable frames: choose another file.</source>
        <translation>&apos;{name}&apos; 동영상에 읽을 수 있는 프레임이 없습니다. 다른 파일을 고르세요.</translation>
    </message>
    <message>
        <source>The video &apos;{name}&apos; contains no sound.</source>
        <translation>&apos;{name}&apos; 동영상에는 소리가 없습니다.</translation>
    </message>
    <message>
        <source>The video &apos;{name}&apos; is damaged and ends early, after {count} frames: copy it again to get the rest.</source>
        <translation>&apos;{name}&apos; 동영상이 손상되어 프레임 {count}개 뒤에 끝납니다. 나머지를 보려면 다시 복사하세요.</translation>
    </message>
    <message>
        <source>The video &apos;{name}&apos; is damaged or in a format that this computer cannot decode: choose another file.</source>
        <translation>&apos;{name}&apos; 동영상은 손상되었거나 이 컴퓨터에서 디코딩할 수 없는 형식입니다. 다른 파일을 고르세요.</translation>
    </message>
    <message>
        <source>The video {name} cannot be read: check the connection and the address, then try again.</source>
        <translation>{name} 동영상을 읽을 수 없습니다. 연결과 주소를 확인한 다음 다시 시도하세요.</translation>
    </message>
    <message>
        <source>The virtual camera cannot be opened ({reason}): close other programs that show something on it, then try again.</source>
        <translation>가상 카메라를 열 수 없습니다({reason}). 이 카메라로 화면을 보내는 다른 프로그램을 닫은 뒤 다시 시도하세요.</translation>
    </message>
    <message>
        <source>The virtual camera {name} no longer takes pictures: check its driver, then show AgeCam in calls again.</source>
        <translation>가상 카메라 {name}에 더 이상 화면을 보낼 수 없습니다. 드라이버를 확인한 뒤 화상 통화에 다시 표시하세요.</translation>
    </message>
    <message>
        <source>The weights {path} were installed without an ONNX file and need TensorFlow, which is not installed: add the model again with &apos;agecam models add&apos;.</source>
        <translation>{path} 가중치는 ONNX 파일 없이 설치되어 TensorFlow가 필요하지만, TensorFlow가 설치되어 있지 않습니다. &apos;agecam models add&apos; 명령으로 모델을 다시 추가하세요.</translation>
    </message>
    <message>
        <source>There is no GPU that TensorFlow can use: leave out --device gpu.</source>
        <translation>TensorFlow가 사용할 수 있는 GPU가 없습니다. --device gpu를 빼세요.</translation>
    </message>
    <message>
        <source>There is no file, folder or camera named &apos;{spec}&apos;: if it is an address, write http:// or rtsp:// before it.</source>
        <translation>이름이 &apos;{spec}&apos;인 파일, 폴더, 카메라가 없습니다. 주소라면 앞에 http:// 또는 rtsp://를 붙이세요.</translation>
    </message>
    <message>
        <source>There is no free virtual camera: install OBS from obsproject.com, start and stop its virtual camera once, then try again.</source>
        <translation>사용할 수 있는 가상 카메라가 없습니다. obsproject.com에서 OBS를 설치하고 OBS의 가상 카메라를 한 번 시작했다가 멈춘 뒤 다시 시도하세요.</translation>
    </message>
    <message>
        <source>There is no free virtual camera: install OBS from obsproject.com, then try again.</source>
        <translation>사용할 수 있는 가상 카메라가 없습니다. obsproject.com에서 OBS를 설치한 뒤 다시 시도하세요.</translation>
    </message>
    <message>
        <source>There is no model called &apos;{name}&apos;; the installed models are {there}.</source>
        <translation>&apos;{name}&apos;(이)라는 모델이 없습니다. 설치된 모델: {there}.</translation>
    </message>
    <message>
        <source>There is no network called &apos;{name}&apos;: choose one of {names}.</source>
        <translation>&apos;{name}&apos;(이)라는 네트워크는 없습니다. 다음 중에서 고르세요: {names}.</translation>
    </message>
    <message>
        <source>There is no virtual camera: install the driver with &apos;sudo apt install v4l2loopback-dkms&apos; and load it with &apos;sudo modprobe v4l2loopback exclusive_caps=1 card_label=AgeCam&apos;, then try again.</source>
        <translation>가상 카메라가 없습니다. &apos;sudo apt install v4l2loopback-dkms&apos; 명령으로 드라이버를 설치하고 &apos;sudo modprobe v4l2loopback exclusive_caps=1 card_label=AgeCam&apos; 명령으로 불러온 뒤 다시 시도하세요.</translation>
    </message>
    <message>
        <source>There is not enough memory: close other programs, or use smaller pictures or videos.</source>
        <translation>메모리가 부족합니다. 다른 프로그램을 닫거나 더 작은 사진이나 동영상을 사용하세요.</translation>
    </message>
    <message>
        <source>This download of AgeCam cannot be shown in calls: run &apos;pipx install agecam[camera]&apos; and use that AgeCam instead.</source>
        <translation>내려받은 이 AgeCam은 화상 통화에 표시할 수 없습니다. &apos;pipx install agecam[camera]&apos; 명령으로 설치한 AgeCam을 사용하세요.</translation>
    </message>
    <message>
        <source>When they are in view</source>
        <translation>화면에 나오는 시간</translation>
    </message>
    <message>
        <source>clearest at {time}</source>
        <translation>가장 선명한 순간 {time}</translation>
    </message>
    <message>
        <source>en</source>
        <translation>ko</translation>
    </message>
    <message>
        <source>in view for {time}</source>
        <translation>화면에 나온 시간 {time}</translation>
    </message>
    <message>
        <source>{age}</source>
        <translation>{age}세</translation>
    </message>
    <message>
        <source>{gender} ({percent} %)</source>
        <translation>{gender}({percent}%)</translation>
    </message>
    <message>
        <source>{library} cannot run {path} ({reason}), and TensorFlow is not installed: update {library} with &apos;pip install --upgrade {library}&apos;.</source>
        <translation>{library}에서 {path} 파일을 실행할 수 없고({reason}), TensorFlow가 설치되어 있지 않습니다. &apos;pip install --upgrade {library}&apos; 명령으로 {library} 라이브러리를 업데이트하세요.</translation>
    </message>
    <message>
        <source>{low} to {high}</source>
        <translation>{low}~{high}세</translation>
    </message>
    <message>
        <source>{name} and {count} more</source>
        <translation>{name} 외 {count}개</translation>
    </message>
    <message>
        <source>{name} cannot be read ({reason}): save it as a file and open that.</source>
        <translation>{name} 항목을 읽을 수 없습니다({reason}). 파일로 저장한 다음 여세요.</translation>
    </message>
    <message>
        <source>{name} has no sound, because that of the source cannot be read.</source>
        <translation>원본의 소리를 읽을 수 없어서 {name} 파일에는 소리가 없습니다.</translation>
    </message>
    <message>
        <source>{name} is live and has no start and end: leave them out.</source>
        <translation>{name} 소스는 실시간이어서 시작과 끝이 없습니다. 시작과 끝을 빼세요.</translation>
    </message>
    <message>
        <source>{path} is damaged or does not belong to its card: reinstall the model.</source>
        <translation>{path} 파일이 손상되었거나 카드와 맞지 않습니다. 모델을 다시 설치하세요.</translation>
    </message>
    <message>
        <source>{path} is not an ONNX network: reinstall the model.</source>
        <translation>{path} 파일은 ONNX 네트워크가 아닙니다. 모델을 다시 설치하세요.</translation>
    </message>
    <message>
        <source>{seconds} s</source>
        <translation>{seconds}초</translation>
    </message>
    <message>
        <source>Cannot write {name}: {reason}; choose another place.</source>
        <translation>{name} 파일을 저장할 수 없습니다({reason}). 다른 위치를 고르세요.</translation>
    </message>
    <message>
        <source>&apos;{command}&apos; needs the Python package, since this download contains only what the window and &apos;agecam analyze&apos; need: install it as README.md says.</source>
        <translation>&apos;{command}&apos; 기능을 쓰려면 Python 패키지가 필요합니다. 이 다운로드에는 창과 &apos;agecam analyze&apos;에 필요한 것만 들어 있습니다. README.md의 안내에 따라 Python 패키지를 설치하십시오.</translation>
    </message>
    <message>
        <source>A file or folder here is called &apos;{spec}&apos; and is opened instead of the camera: for that, write &apos;{camera}&apos;.</source>
        <translation>여기에는 이름이 &apos;{spec}&apos;인 파일이나 폴더가 있어서 카메라 대신 엽니다. 카메라를 쓰려면 &apos;{camera}&apos;라고 쓰세요.</translation>
    </message>
    <message>
        <source>Cannot write {path}: it is a folder; add a file name.</source>
        <translation>{path} 위치는 폴더여서 저장할 수 없습니다. 파일 이름을 붙이세요.</translation>
    </message>
    <message>
        <source>Cannot write {path}: it is not an ordinary file; choose another name.</source>
        <translation>{path} 항목은 일반 파일이 아니어서 저장할 수 없습니다. 다른 이름을 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write {path}: it is read-only; choose another name.</source>
        <translation>{path} 파일은 읽기 전용이어서 저장할 수 없습니다. 다른 이름을 고르세요.</translation>
    </message>
    <message>
        <source>Cannot write {suffix} pictures; choose .png or .jpg.</source>
        <translation>{suffix} 형식으로는 사진을 저장할 수 없습니다. .png 또는 .jpg를 고르세요.</translation>
    </message>
    <message>
        <source>Face detection failed on a {width}x{height} picture ({reason}): try a smaller one or --device cpu.</source>
        <translation>{width}x{height} 사진에서 얼굴을 검출하지 못했습니다({reason}). 더 작은 사진이나 --device cpu를 사용해 보세요.</translation>
    </message>
    <message>
        <source>Keras finds no GPU that {framework} can use.</source>
        <translation>{framework}에서 사용할 수 있는 GPU가 없습니다.</translation>
    </message>
    <message>
        <source>Keras or TensorFlow cannot be imported ({reason}): run &apos;pip install tensorflow&apos;, or leave out --backend keras and --device gpu.</source>
        <translation>Keras 또는 TensorFlow를 불러올 수 없습니다({reason}). &apos;pip install tensorflow&apos;를 실행하거나 --backend keras와 --device gpu를 빼세요.</translation>
    </message>
    <message>
        <source>No source was given: name a camera, video, picture, folder or stream address.</source>
        <translation>소스가 지정되지 않았습니다. 카메라, 동영상, 사진, 폴더 또는 스트림 주소를 지정하세요.</translation>
    </message>
    <message>
        <source>None of the {count} pictures in the folder &apos;{name}&apos; can be read: save them again as JPEG or PNG.</source>
        <translation>&apos;{name}&apos; 폴더의 사진 {count}장을 모두 읽을 수 없습니다. JPEG 또는 PNG로 다시 저장하세요.</translation>
    </message>
    <message>
        <source>The GPU cannot be used ({reason}): AgeCam computes on the processor.</source>
        <translation>GPU를 사용할 수 없어({reason}) AgeCam이 프로세서를 사용합니다.</translation>
    </message>
    <message>
        <source>{name} has no sound after {seconds} s, because that of the source is damaged.</source>
        <translation>원본의 소리가 손상되어 {name} 파일에는 {seconds}초 이후 소리가 없습니다.</translation>
    </message>
    <message>
        <source>{path} cannot be read ({reason}): reinstall the model.</source>
        <translation>{path} 파일을 읽을 수 없습니다({reason}). 모델을 다시 설치하세요.</translation>
    </message>
    <message>
        <source>The card {path} cannot be used ({reason}): reinstall the model.</source>
        <translation>모델 카드 {path} 파일을 사용할 수 없습니다({reason}). 모델을 다시 설치하세요.</translation>
    </message>
    <message>
        <source>The file &apos;{name}&apos; is empty: copy it again or choose another.</source>
        <translation>&apos;{name}&apos; 파일이 비어 있습니다. 다시 복사하거나 다른 파일을 고르세요.</translation>
    </message>
    <message>
        <source>The folder &apos;{name}&apos; cannot be read ({reason}): check its permissions.</source>
        <translation>&apos;{name}&apos; 폴더를 읽을 수 없습니다({reason}). 권한을 확인하세요.</translation>
    </message>
    <message>
        <source>The networks of the face detector are missing: reinstall AgeCam.</source>
        <translation>얼굴 검출기의 네트워크가 없습니다. AgeCam을 다시 설치하세요.</translation>
    </message>
    <message>
        <source>The picture &apos;{name}&apos; cannot be opened ({reason}): check the path and its permissions.</source>
        <translation>&apos;{name}&apos; 사진을 열 수 없습니다({reason}). 경로와 권한을 확인하세요.</translation>
    </message>
    <message>
        <source>The picture &apos;{name}&apos; is empty: copy it again or choose another.</source>
        <translation>&apos;{name}&apos; 사진이 비어 있습니다. 다시 복사하거나 다른 사진을 고르세요.</translation>
    </message>
    <message>
        <source>The weights {path} do not fit the network on their card ({reason}): reinstall the model.</source>
        <translation>가중치 {path} 파일이 모델 카드의 네트워크와 맞지 않습니다({reason}). 모델을 다시 설치하세요.</translation>
    </message>
    <message>
        <source>There is no file, folder or camera named &apos;{spec}&apos;: check the spelling.</source>
        <translation>&apos;{spec}&apos;(이)라는 파일, 폴더 또는 카메라가 없습니다. 철자를 확인하세요.</translation>
    </message>
</context>
</TS>
